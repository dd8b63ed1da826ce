// One try of a probe: exec, HTTP, TCP or gRPC against a container. It never rejects; a try that cannot be made is a
// failure that says why (pkg/kubelet/prober/prober.go).
import { connect } from 'node:net';
import type { Container, Probe } from '../../api/types/core/v1.ts';
import type { Clock } from '../../clock.ts';
import type { StreamRuntime } from '../cri/runtime.ts';
import { grpcCheck } from './grpc-action.ts';
import { httpGet, resolvePort } from './http-action.ts';

export interface ActionResult {
  ok: boolean;
  output: string;
  /** Success that should be told. */
  warning?: string;
  /** Of an HTTP answer. */
  status?: number;
}

export interface ProbeTarget {
  containerId: string;
  container: Container;
  /** The pod's address. */
  host: string;
}

export async function tryProbe(
  probe: Probe,
  target: ProbeTarget,
  use: { runtime: Pick<StreamRuntime, 'execSync'>; clock: Clock },
): Promise<ActionResult> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const abort = new AbortController();
  const timer = use.clock.after(timeoutMs, () => abort.abort(new DOMException('timed out', 'TimeoutError')));
  try {
    if (probe.exec) return await tryExec(probe.exec.command ?? [], target, { ...use, timeoutMs });
    if (probe.httpGet) return await httpGet(probe.httpGet, { ...target, signal: abort.signal });
    if (probe.tcpSocket) {
      const host = probe.tcpSocket.host || target.host;
      return await tryTcp({ host, port: resolvePort(probe.tcpSocket.port, target.container) }, abort.signal);
    }
    if (probe.grpc) {
      const { port, service = '' } = probe.grpc;
      return await grpcCheck({ host: target.host, port, service, signal: abort.signal });
    }
    return { ok: false, output: `missing probe handler for ${target.container.name}` };
  } catch (error) {
    return { ok: false, output: (error as Error).message };
  } finally {
    timer.cancel();
  }
}

async function tryExec(
  command: readonly string[],
  target: ProbeTarget,
  use: { runtime: Pick<StreamRuntime, 'execSync'>; timeoutMs: number },
): Promise<ActionResult> {
  const result = await use.runtime.execSync(target.containerId, command, use.timeoutMs);
  const output = Buffer.concat([result.stdout, result.stderr])
    .toString('utf8')
    .slice(0, 10 * 1024);
  return { ok: result.exitCode === 0, output };
}

const tryTcp = (to: { host: string; port: number }, signal: AbortSignal): Promise<ActionResult> =>
  new Promise((resolve) => {
    const socket = connect({ ...to, signal });
    const settle = (ok: boolean, output: string) => {
      socket.destroy();
      resolve({ ok, output });
    };
    socket.on('connect', () => settle(true, ''));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const address = `${to.host.includes(':') ? `[${to.host}]` : to.host}:${to.port}`;
      if (signal.aborted) settle(false, `dial tcp ${address}: i/o timeout`);
      else if (error.code === 'ECONNREFUSED') settle(false, `dial tcp ${address}: connect: connection refused`);
      else settle(false, `dial tcp ${address}: ${error.message}`);
    });
  });
