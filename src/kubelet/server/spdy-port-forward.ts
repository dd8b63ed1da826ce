// Port forwarding over SPDY: for each connection that the client accepted a pair of streams, data and error, that
// bear the same request id (cri-streaming/pkg/streaming/portforward/httpstream.go).
import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { SpdySession, type SpdyStream } from './spdy/session.ts';

export const PORT_FORWARD_PROTOCOL = 'portforward.k8s.io';
/** Over a WebSocket whose messages carry the bytes of the SPDY connection (KEP-4006). */
export const TUNNEL_PROTOCOL = `SPDY/3.1+${PORT_FORWARD_PROTOCOL}`;

const STREAM_CREATION_TIMEOUT_MS = 30_000;

export interface SpdyPortForward {
  clock: Clock;
  /** In messages to the client. */
  pod: string;
  connect(port: number): Promise<Duplex>;
}

/** Resolves when the connection is over. */
export async function serveSpdyPortForward(transport: Duplex, options: SpdyPortForward): Promise<void> {
  const waiting = new Map<string, { type: string; duplex: Duplex }>();
  const session = new SpdySession(transport, (stream) => {
    const { duplex } = stream;
    const type = stream.headers.streamtype ?? '';
    const port = portOf(stream);
    const id = requestIdOf(stream);
    const other = waiting.get(id);
    if (port === undefined || !['data', 'error'].includes(type) || other?.type === type) return void duplex.destroy();
    if (other) {
      waiting.delete(id);
      const [data, error] = type === 'data' ? [duplex, other.duplex] : [other.duplex, duplex];
      void forward({ data, error }, port, options);
      return;
    }
    waiting.set(id, { type, duplex });
    const timer = options.clock.after(STREAM_CREATION_TIMEOUT_MS, () => {
      if (waiting.get(id)?.duplex !== duplex) return;
      waiting.delete(id);
      duplex.end(type === 'error' ? `request ${id}: timed out waiting for streams` : '');
      duplex.destroy();
    });
    duplex.once('close', () => {
      timer.cancel();
      if (waiting.get(id)?.duplex === duplex) waiting.delete(id);
    });
  });
  await session.closed;
}

function portOf({ headers }: SpdyStream): number | undefined {
  const port = Number(headers.port);
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined;
}

/** Clients before Kubernetes 1.1 send none: their error stream is opened just before their data stream. */
const requestIdOf = ({ id, headers }: SpdyStream): string =>
  headers.requestid || String(headers.streamtype === 'data' ? id - 2 : id);

/** Never rejects: the client is told. */
async function forward(pair: { data: Duplex; error: Duplex }, port: number, options: SpdyPortForward): Promise<void> {
  const { data, error } = pair;
  error.resume(); // the client only ends it
  const fail = (cause: Error) => {
    if (!error.writableEnded) error.end(`error forwarding port ${port} to pod ${options.pod}: ${cause.message}`);
    data.destroy();
  };
  const connection = await options.connect(port).catch(fail);
  if (!connection) return;
  connection.once('error', fail);
  connection.once('close', () => {
    if (!data.writableEnded) data.destroy();
    if (!error.writableEnded) error.end();
  });
  data.once('close', () => connection.destroy());
  if (data.destroyed) return void connection.destroy();
  data.pipe(connection);
  connection.pipe(data);
}
