// HTTP/1.1 `Upgrade: SPDY/3.1` with the protocol of its streams (streaming/pkg/httpstream Handshake and spdy/upgrade.go).
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { NotThereError } from '../targets.ts';

const SPDY = 'SPDY/3.1';

export const wantsSpdy = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'spdy/3.1';

/** Answers 101 and returns the protocol chosen: the first of the client's that is supported. Throws NotThereError. */
export function acceptSpdy(
  request: IncomingMessage,
  at: { socket: Duplex; head: Buffer },
  supported: readonly string[],
): string {
  const name = 'x-stream-protocol-version';
  const offered = [request.headers[name] ?? []]
    .flat()
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter(Boolean);
  if (offered.length === 0) throw new NotThereError(400, 'unable to upgrade: no X-Stream-Protocol-Version is offered');
  const protocol = offered.find((one) => supported.includes(one));
  if (!protocol) {
    throw new NotThereError(
      403,
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${supported.join(' ')}]`,
    );
  }
  at.socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${SPDY}\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  );
  if (at.head.length > 0) at.socket.unshift(at.head);
  return protocol;
}
