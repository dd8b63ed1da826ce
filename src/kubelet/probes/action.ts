// One try of a probe: exec, HTTP, TCP or gRPC against a container (pkg/kubelet/prober/prober.go). It rejects when the
// try cannot be made at all, which says nothing about the container.
import { connect } from 'node:net';
import type { Container, Probe } from '../../api/types/core/v1.ts';
import { formatMs } from '../../apimachinery/duration.ts';
import type { Clock } from '../../clock.ts';
import { RuntimeError, type StreamRuntime } from '../cri/runtime.ts';
import { expand } from '../environment.ts';
import { dialFailure } from './dial-failure.ts';
import { grpcCheck } from './grpc-action.ts';
import { httpGet } from './http-action.ts';
import { resolvePort } from './port.ts';

export interface ActionResult {
  ok: boolean;
  output: string;
  /** Success that should be told. */
  warning?: string;
}

export interface ProbeTarget {
  containerId: string;
  container: Container;
  /** The pod's address. */
  host: string;
}

const MAX_OUTPUT = 10 * 1024;

export async function tryProbe(
  probe: Probe,
  target: ProbeTarget,
  use: { runtime: Pick<StreamRuntime, 'execSync'>; clock: Clock },
): Promise<ActionResult> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const abort = new AbortController();
  const timer = use.clock.after(timeoutMs, () => abort.abort(new DOMException('timed out', 'TimeoutError')));
  const { container, host } = target;
  const { signal } = abort;
  try {
    if (probe.exec) return await tryExec(probe.exec.command ?? [], target, { ...use, timeoutMs });
    if (probe.httpGet) return await httpGet(probe.httpGet, { container, host, signal, purpose: 'probe' });
    if (probe.tcpSocket) {
      const port = resolvePort(probe.tcpSocket.port, container);
      return await tryTcp({ host: probe.tcpSocket.host || host, port }, signal);
    }
    if (probe.grpc) {
      const { port, service = '' } = probe.grpc;
      return await grpcCheck({ host, port, service, timeout: formatMs(timeoutMs), signal });
    }
    throw new Error(`missing probe handler for ${container.name}`);
  } finally {
    timer.cancel();
  }
}

async function tryExec(
  words: readonly string[],
  { containerId, container }: ProbeTarget,
  use: { runtime: Pick<StreamRuntime, 'execSync'>; timeoutMs: number },
): Promise<ActionResult> {
  // Only values that stand in the container itself (ExpandContainerCommandOnlyStatic).
  const command = words.map((word) => expand(word, (name) => container.env?.find((v) => v.name === name)?.value));
  try {
    const result = await use.runtime.execSync(containerId, command, use.timeoutMs);
    const output = Buffer.concat([result.stdout, result.stderr]).subarray(0, MAX_OUTPUT).toString('utf8');
    return { ok: result.exitCode === 0, output };
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.reason !== 'ExecTimeout') throw error;
    const told = `"${command.join(' ')}" timed out after ${formatMs(use.timeoutMs)}`;
    return { ok: false, output: `command timed out: ${told}` };
  }
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
      settle(false, signal.aborted ? `dial tcp ${address}: i/o timeout` : dialFailure(error, address));
    });
  });
