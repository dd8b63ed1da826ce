// postStart and preStop: pkg/kubelet/lifecycle/handlers.go. A hook that fails rejects with HookError, which says how.
import type { Container, LifecycleHandler } from '../api/types/core/v1.ts';
import { type Clock, sleep } from '../clock.ts';
import type { StreamRuntime } from './cri/runtime.ts';
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
  host: string;
}

/** postStart may take as long as it likes as far as Kubernetes says; this is the longest a timer is armed for. */
export const NO_TIMEOUT = 24 * 60 * 60 * 1000;

export async function runHook(
  hook: LifecycleHandler,
  target: HookTarget,
  use: { runtime: Pick<StreamRuntime, 'execSync'>; clock: Clock; timeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  if (hook.sleep) {
    await sleep(use.clock, Math.min(hook.sleep.seconds * 1000, use.timeoutMs), use.signal);
    return;
  }
  if (hook.exec) {
    const command = hook.exec.command ?? [];
    const { exitCode, stdout, stderr } = await use.runtime
      .execSync(target.containerId, command, use.timeoutMs)
      .catch((cause: Error) => {
        throw new HookError(`Exec lifecycle hook ([${command.join(' ')}]) failed: ${cause.message}`, cause);
      });
    if (exitCode === 0) return;
    const output = Buffer.concat([stdout, stderr]).toString('utf8');
    throw new HookError(
      `Exec lifecycle hook ([${command.join(' ')}]) for Container "${target.container.name}" failed - error: command '${command.join(' ')}' exited with ${exitCode}: ${output}`,
    );
  }
  if (hook.httpGet) {
    const abort = new AbortController();
    const timer = use.clock.after(use.timeoutMs, () => abort.abort());
    const result = await httpGet(hook.httpGet, { ...target, signal: abort.signal }).finally(() => timer.cancel());
    // Any answer counts, whatever its status.
    if (!result.ok && result.status === undefined) throw new HookError(`HTTP lifecycle hook failed: ${result.output}`);
    return;
  }
  if (hook.tcpSocket) return; // kept in the API for old objects, does nothing since ever
  throw new HookError('the lifecycle hook names no handler');
}
