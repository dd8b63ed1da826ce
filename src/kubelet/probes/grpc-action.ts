// The gRPC health check (grpc.health.v1.Health/Check) by hand over HTTP/2: pkg/probe/grpc. One field each way does not
// need a gRPC library.
import { connect } from 'node:http2';
import type { ActionResult } from './action.ts';

const SERVING = 1;
const UNIMPLEMENTED = '12';

export function grpcCheck(target: {
  host: string;
  port: number;
  service: string;
  signal: AbortSignal;
}): Promise<ActionResult> {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const address = `${host}:${target.port}`;
  return new Promise((resolve) => {
    const session = connect(`http://${address}`);
    const settle = (ok: boolean, output: string) => {
      session.destroy();
      target.signal.removeEventListener('abort', onAbort);
      resolve({ ok, output });
    };
    const onAbort = () => settle(false, `timeout: failed to connect service "${address}" within the probe's timeout`);
    target.signal.addEventListener('abort', onAbort, { once: true });
    session.on('error', (error) => settle(false, `error: failed to connect to "${address}": ${error.message}`));
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'user-agent': 'kube-probe/1.36',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    let status: string | undefined;
    stream.on('response', (headers) => {
      status = headers['grpc-status'] as string | undefined;
    });
    stream.on('trailers', (trailers) => {
      status = trailers['grpc-status'] as string | undefined;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', (error) => settle(false, `error: health rpc failed: ${error.message}`));
    stream.on('end', () => {
      if (status === UNIMPLEMENTED) {
        return settle(false, 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health)');
      }
      if (status !== undefined && status !== '0')
        return settle(false, `error: health rpc failed with status ${status}`);
      const serving = healthOf(Buffer.concat(chunks));
      settle(
        serving === SERVING,
        serving === SERVING ? 'service healthy' : `service unhealthy (responded with ${serving})`,
      );
    });
    stream.end(requestFor(target.service));
  });
}

/** Five bytes of frame (not compressed, length), then field 1 = service. */
function requestFor(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length > 0 ? Buffer.concat([Buffer.from([0x0a, name.length]), name]) : Buffer.alloc(0);
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  return Buffer.concat([frame, message]);
}

/** Field 1 (varint) of the answer; absent means 0, UNKNOWN. */
const healthOf = (frame: Buffer): number => (frame.length >= 7 && frame[5] === 0x08 ? (frame[6] as number) : 0);
