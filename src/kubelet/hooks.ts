// postStart and preStop: pkg/kubelet/lifecycle/handlers.go. A hook that fails rejects with HookError, which says how.
import type { Container, HTTPGetAction, LifecycleHandler, Pod } from '../api/types/core/v1.ts';
import type { EventRecorder } from '../client/controller.ts';
import { type Clock, sleep } from '../clock.ts';
import type { StreamRuntime } from './cri/runtime.ts';
import { formatPod } from './pod-record.ts';
import { httpGet } from './probes/http-action.ts';

export class HookError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'HookError';
  }
}

export interface HookTarget {
  containerId: string;
  container: Container;
  pod: Pod;
  host: string;
}

export interface HookTools {
  runtime: Pick<StreamRuntime, 'execSync'>;
  clock: Clock;
  events: EventRecorder;
  timeoutMs: number;
  signal?: AbortSignal;
}

/** Hooks may take as long as they like as far as Kubernetes says; this is the longest a timer is armed for. */
export const NO_TIMEOUT = 24 * 60 * 60 * 1000;

export async function runHook(hook: LifecycleHandler, target: HookTarget, use: HookTools): Promise<void> {
  const about = `for Container "${target.container.name}" in Pod "${formatPod(target.pod)}" failed - error`;
  if (hook.sleep) {
    const { seconds } = hook.sleep;
    await sleep(use.clock, Math.min(seconds * 1000, use.timeoutMs), use.signal).catch((cause: Error) => {
      const message = `Sleep lifecycle hook (${seconds}) ${about}: container terminated before sleep hook finished`;
      throw new HookError(message, cause);
    });
    return;
  }
  if (hook.exec) {
    const command = hook.exec.command ?? [];
    const hookAbout = `Exec lifecycle hook ([${command.join(' ')}]) ${about}`;
    const { exitCode, stdout, stderr } = await use.runtime
      .execSync(target.containerId, command, use.timeoutMs)
      .catch((cause: Error) => {
        throw new HookError(`${hookAbout}: ${cause.message}, message: ""`, cause);
      });
    if (exitCode === 0) return;
    const output = JSON.stringify(Buffer.concat([stdout, stderr]).toString('utf8'));
    const cause = `command '${command.join(' ')}' exited with ${exitCode}: ${Buffer.from(stderr).toString('utf8')}`;
    throw new HookError(`${hookAbout}: ${cause}, message: ${output}`);
  }
  if (hook.httpGet) {
    const failure = await get(hook.httpGet, target, use);
    if (failure) throw new HookError(`HTTP lifecycle hook (${hook.httpGet.path ?? ''}) ${about}: ${failure}`);
    return;
  }
  if (hook.tcpSocket) return; // kept in the API for old objects, does nothing since ever
  throw new HookError('Cannot run handler: invalid handler');
}

/** Any answer counts, whatever its status; resolves with why there was none. Plain HTTP is tried where TLS is not spoken. */
async function get(action: HTTPGetAction, target: HookTarget, use: HookTools): Promise<string | undefined> {
  const abort = new AbortController();
  const timer = use.clock.after(use.timeoutMs, () => abort.abort());
  const signal = use.signal ? AbortSignal.any([abort.signal, use.signal]) : abort.signal;
  try {
    const at = { ...target, signal, purpose: 'lifecycle' } as const;
    const result = await httpGet(action, at);
    if (result.status !== undefined) return undefined;
    if (!result.isPlainHttp) return result.output;
    const plain = await httpGet({ ...action, scheme: 'HTTP' }, at);
    if (plain.status === undefined) return result.output;
    const host = `${action.host || target.host}:${action.port}`;
    const message = `request to HTTPS lifecycle hook ${host} got HTTP response, retry with HTTP succeeded`;
    use.events.event(target.pod, 'Warning', 'LifecycleHTTPFallback', message);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    timer.cancel();
  }
}
