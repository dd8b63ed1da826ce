// The gRPC health check (grpc.health.v1.Health/Check) by hand over HTTP/2: pkg/probe/grpc. One field each way does not
// need a gRPC library.
import { connect, type IncomingHttpHeaders } from 'node:http2';
import type { ActionResult } from './action.ts';

const SERVING = 1;
/** HealthCheckResponse.ServingStatus */
const HEALTH = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
/** https://grpc.io/docs/guides/status-codes, those that have a wording of their own, and names as Go prints them */
const UNIMPLEMENTED = '12';
const CODES =
  'OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated'.split(
    ' ',
  );

export function grpcCheck(target: {
  host: string;
  port: number;
  service: string;
  /** For messages: '1s'. */
  timeout: string;
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
    let connected = false;
    session.on('connect', () => {
      connected = true;
    });
    const onAbort = () =>
      settle(
        false,
        connected
          ? `timeout: health rpc did not complete within ${target.timeout}`
          : `timeout: failed to connect service "${address}" within ${target.timeout}: context deadline exceeded`,
      );
    target.signal.addEventListener('abort', onAbort, { once: true });
    // Without a connection grpc-go waits for its time to be over, whatever the reason.
    const onError = (error: Error) => {
      if (connected) settle(false, `error: health rpc probe failed: ${error.message}`);
    };
    session.on('error', onError);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'user-agent': 'kube-probe/1.36',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    let status: string | undefined;
    let message = '';
    const note = (headers: IncomingHttpHeaders) => {
      status = (headers['grpc-status'] as string | undefined) ?? status;
      message = decodeURIComponent((headers['grpc-message'] as string | undefined) ?? '');
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', onError);
    stream.on('end', () => {
      if (status === UNIMPLEMENTED) {
        const what = 'this server does not implement the grpc health protocol (grpc.health.v1.Health)';
        return settle(false, `error: ${what}: ${message}`);
      }
      if (status !== undefined && status !== '0') {
        const code = CODES[Number(status)] ?? `Code(${status})`;
        return settle(false, `error: health rpc probe failed: rpc error: code = ${code} desc = ${message}`);
      }
      const health = healthOf(Buffer.concat(chunks));
      if (health === SERVING) settle(true, 'service healthy');
      else settle(false, `service unhealthy (responded with "${HEALTH[health] ?? health}")`);
    });
    stream.end(requestFor(target.service));
  });
}

/** Five bytes of frame (not compressed, length), then field 1 = service. */
function requestFor(service: string): Buffer {
  const name = Buffer.from(service);
  const message =
    name.length > 0 ? Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]) : Buffer.alloc(0);
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  return Buffer.concat([frame, message]);
}

const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]);

/** Field 1 (varint) of the answer; absent means 0, UNKNOWN. */
const healthOf = (frame: Buffer): number => (frame.length >= 7 && frame[5] === 0x08 ? (frame[6] as number) : 0);
