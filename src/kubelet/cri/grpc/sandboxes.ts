// SandboxRuntime by the CRI. The runtime makes namespaces and network; here is only what was heard of them, kept true by
// the runtime's events, since the pods' addresses cost a call for each sandbox.
import { LABEL_INSTANCE } from '../labels.ts';
import type { PodLogs } from '../pod-logs.ts';
import type { Sandbox, SandboxConfig, SandboxRuntime } from '../runtime.ts';
import { type Cri, inGoWords, isAbsent, REQUEST_TIMEOUT_MS } from './calls.ts';
import { sandboxOf } from './from-cri.ts';
import {
  LIST_POD_SANDBOX,
  POD_SANDBOX_STATUS,
  REMOVE_POD_SANDBOX,
  RUN_POD_SANDBOX,
  STOP_POD_SANDBOX,
} from './services.ts';
import { ANNOTATION_CONFIG, podSandboxConfig, type SandboxPlace } from './to-cri.ts';

export interface Sandboxes extends SandboxRuntime {
  /** What containers of it are made with; undefined when there is none. */
  configOf(id: string): ReturnType<typeof podSandboxConfig> | undefined;
  /** Whether `id` is that of a sandbox; the runtime then says how it is. */
  refresh(id: string): Promise<boolean>;
  resync(): Promise<void>;
}

export interface SandboxesOptions {
  cri: Cri;
  logs: PodLogs;
  /** Parent of the pods' cgroups that say none. */
  cgroup: string;
  instance: string;
  /** A sandbox is gone with all that was in it. */
  removed(id: string): void;
  /** Resolves when what is known is as true as the events. */
  synced(): Promise<void>;
}

interface Known {
  sandbox: Sandbox;
  config: SandboxConfig;
}

export function createSandboxes(options: SandboxesOptions): Sandboxes {
  const { cri, instance } = options;
  const all = new Map<string, Known>();

  const placeOf = (pod: SandboxConfig['pod']): SandboxPlace => ({
    logDirectory: options.logs.folder(pod),
    cgroupParent: `/${options.cgroup}/pod${pod.uid}`,
    instance,
  });

  /** Adds or renews what is known of it; undefined when the runtime has no such sandbox. */
  async function read(id: string): Promise<Known | undefined> {
    try {
      const { status } = await cri.call('PodSandboxStatusError', POD_SANDBOX_STATUS, { podSandboxId: id });
      const text = status?.annotations[ANNOTATION_CONFIG];
      if (!status || text === undefined) return undefined;
      const known = { sandbox: sandboxOf(status), config: JSON.parse(text) as SandboxConfig };
      all.set(id, known);
      return known;
    } catch (error) {
      if (!isAbsent(error)) throw error;
      forget(id);
      return undefined;
    }
  }

  function forget(id: string): void {
    if (all.delete(id)) options.removed(id);
  }

  async function stop(podSandboxId: string): Promise<void> {
    await cri.call('StopPodSandboxError', STOP_POD_SANDBOX, { podSandboxId }).catch((error: unknown) => {
      if (!isAbsent(error)) throw error;
    });
  }

  return {
    async runSandbox(config) {
      const request = { config: podSandboxConfig(config, placeOf(config.pod)), runtimeHandler: config.runtimeHandler };
      // upstream gives it twice the time of other calls: cri-client/pkg/remote_runtime.go
      const { podSandboxId } = await cri
        .call('CreatePodSandboxError', RUN_POD_SANDBOX, request, 2 * REQUEST_TIMEOUT_MS)
        .catch(inGoWords);
      const known = await read(podSandboxId);
      if (!known) throw new Error(`the runtime made sandbox ${podSandboxId}, but does not know it`);
      return known.sandbox;
    },

    async stopSandbox(id) {
      const known = all.get(id);
      if (!known) return;
      await stop(id);
      await read(id);
    },

    async removeSandbox(id) {
      const known = all.get(id);
      if (!known) return;
      await stop(id);
      await cri.call('RemovePodSandboxError', REMOVE_POD_SANDBOX, { podSandboxId: id }).catch((error: unknown) => {
        if (!isAbsent(error)) throw error;
      });
      forget(id);
      const { pod } = known.config;
      if (![...all.values()].some(({ sandbox }) => sandbox.pod.uid === pod.uid)) {
        options.logs.removePod(pod);
      }
    },

    async listSandboxes() {
      await options.synced();
      return [...all.values()].map(({ sandbox }) => sandbox);
    },

    configOf(id) {
      const known = all.get(id);
      return known && podSandboxConfig(known.config, placeOf(known.config.pod));
    },

    async refresh(id) {
      if (!all.has(id)) return false;
      await read(id);
      return true;
    },

    async resync() {
      const before = [...all.keys()];
      const filter = { labelSelector: { [LABEL_INSTANCE]: instance } };
      const { items } = await cri.call('ListPodSandboxError', LIST_POD_SANDBOX, { filter });
      const changed = items.filter(({ id, state }) => {
        const isReady = all.get(id)?.sandbox.state === 'ready';
        return !all.has(id) || isReady !== (state === 'SANDBOX_READY');
      });
      await Promise.all(changed.map(({ id }) => read(id)));
      const present = new Set(items.map(({ id }) => id));
      for (const id of before) if (!present.has(id)) forget(id);
    },
  };
}
