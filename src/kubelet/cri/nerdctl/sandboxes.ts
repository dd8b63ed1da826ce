// SandboxRuntime: a network and an IPC namespace of our own per pod, which every container joins. No process holds
// them; only a shared PID namespace needs one (pid-holder.ts). docs/decisions/0002-pod-sandbox.md has the numbers.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../../clock.ts';
import type { Logger } from '../../../log.ts';
import { removeCgroup } from '../../../network/host-ledger.ts';
import { pinNamespaces, unmount } from '../../../network/netns.ts';
import type { NetworkAttachment, PodNetwork } from '../../../network/pod-network.ts';
import type { PodLogs } from '../pod-logs.ts';
import {
  type ContainerRuntime,
  RuntimeError,
  type RuntimeEvent,
  type Sandbox,
  type SandboxConfig,
  type SandboxRuntime,
} from '../runtime.ts';
import type { Nerdctl } from './cli.ts';
import { runtimeError } from './errors.ts';
import type { ImageMounts } from './image-mounts.ts';
import { removePidHolder, startPidHolder } from './pid-holder.ts';
import type { SandboxRecord, SandboxRecords } from './records.ts';

export interface SandboxesOptions {
  nerdctl: Nerdctl;
  records: SandboxRecords;
  network: PodNetwork;
  /** Parent of the pods' cgroups. */
  cgroup: string;
  containers: ContainerRuntime;
  logs: PodLogs;
  imageMounts: Pick<ImageMounts, 'release'>;
  /** undefined: namespaces are pinned, and joined by their paths. */
  holders?: Holders;
  /** Of a container that holds a PID namespace. */
  isRunning(holder: string): Promise<boolean>;
  clock: Clock;
  log: Logger;
}

/** Containers that hold namespaces, for a program that joins those of a container only. */
export interface Holders {
  /** Makes it, and its network namespace known at `netns`; resolves with its id. */
  start(record: SandboxRecord): Promise<string>;
  /** Idempotent. */
  remove(record: SandboxRecord): Promise<void>;
}

export interface Sandboxes extends SandboxRuntime {
  /** The sandbox whose PID namespace went with this container, which held it: it can be used no more. */
  holderEnded(containerId: string): Sandbox | undefined;
  /** Looks for holders that have ended; resolves with their sandboxes. */
  resync(): Promise<Sandbox[]>;
}

/** Its pod cannot go on in it: told as the end of a container of its own. */
export const endOf = ({ id, pod }: Sandbox): RuntimeEvent => ({
  type: 'exited',
  containerId: id,
  sandboxId: id,
  podUid: pod.uid,
});

/** What a RuntimeClass may name: the kills and updates of this driver are runc's. */
const HANDLER = 'runc';

export function createSandboxes(options: SandboxesOptions): Sandboxes {
  const { records, network, containers, logs, log } = options;

  const stopContainers = async (record: SandboxRecord) => {
    const own = (await containers.listContainers()).filter((c) => c.sandboxId === record.id);
    await Promise.all(own.map((c) => containers.stopContainer(c.id, 0)));
  };

  const holderEnded = (containerId: string): Sandbox | undefined => {
    const record = records
      .list()
      .find(({ holder, pidHolder, state }) => [holder, pidHolder].includes(containerId) && state === 'ready');
    if (!record) return undefined;
    const ended: SandboxRecord = { ...record, state: 'notReady' };
    records.put(ended);
    return ended;
  };

  return {
    async runSandbox(config) {
      if (config.runtimeHandler !== undefined && config.runtimeHandler !== HANDLER) {
        const message = `no runtime for "${config.runtimeHandler}" is configured: this one runs "${HANDLER}" only`;
        throw new RuntimeError('CreatePodSandboxError', message);
      }
      const record = plan(options, config);
      records.put(record); // first, so that nothing made below is ever without a record
      try {
        const holder = await (options.holders?.start(record) ?? makeNamespaces(record));
        const [ips, pidHolder] = await Promise.all([
          record.netns === undefined ? [] : network.attach(attachmentOf(record)).then((r) => r.ips),
          config.shareProcessNamespace
            ? (holder ?? startPidHolder(options.nerdctl, record, records.folder(record.id)))
            : undefined,
        ]);
        const ready: SandboxRecord = { ...record, state: 'ready', ips, pidHolder, ...(holder ? { holder } : {}) };
        records.put(ready);
        return ready;
      } catch (cause) {
        await release(options, record)
          .then(() => records.remove(record.id))
          .catch((error: unknown) => log.warn({ error, sandbox: record.id }, 'a failed sandbox is not fully undone'));
        throw runtimeError('CreatePodSandboxError', cause);
      }
    },

    async stopSandbox(id) {
      const record = records.get(id);
      if (!record) return;
      await stopContainers(record);
      await release(options, record);
      records.put({ ...record, state: 'notReady' });
    },

    async removeSandbox(id) {
      const record = records.get(id);
      if (!record) return;
      await stopContainers(record);
      const own = (await containers.listContainers()).filter((c) => c.sandboxId === id);
      // What has ended needs neither network nor namespaces to be removed.
      await Promise.all([release(options, record), ...own.map((c) => containers.removeContainer(c.id))]);
      const another = records.list().some((other) => other.id !== id && other.pod.uid === record.pod.uid);
      if (!another) logs.removePod(record.pod);
      removePodCgroup(record, records, log);
      records.remove(id);
    },

    async listSandboxes() {
      return records.list();
    },

    holderEnded,

    async resync() {
      const looks = records.list().map(async ({ state, holder, pidHolder = holder }) => {
        if (state !== 'ready' || pidHolder === undefined) return undefined;
        return (await options.isRunning(pidHolder)) ? undefined : holderEnded(pidHolder);
      });
      return (await Promise.all(looks)).filter((sandbox) => sandbox !== undefined);
    },
  };
}

function plan({ records, clock, cgroup, holders }: SandboxesOptions, config: SandboxConfig): SandboxRecord {
  const id = randomBytes(32).toString('hex');
  const folder = records.folder(id);
  return {
    id,
    pod: config.pod,
    attempt: config.attempt,
    state: 'notReady',
    createdAt: clock.now(),
    ips: [],
    config,
    cgroup: config.cgroupParent?.replace(/^\//, '') ?? `${cgroup}/pod${config.pod.uid}`,
    ...(config.network ? { netns: path.join(folder, 'net') } : {}),
    ...(config.hostIPC || holders ? {} : { ipc: path.join(folder, 'ipc'), shm: path.join(folder, 'shm') }),
  };
}

async function makeNamespaces({ netns, ipc, shm }: SandboxRecord): Promise<undefined> {
  if (netns === undefined && ipc === undefined) return undefined;
  if (shm !== undefined) mkdirSync(shm, { recursive: true, mode: 0o1777 });
  await pinNamespaces({ ...(netns ? { net: netns } : {}), ...(ipc ? { ipc } : {}) }, shm);
  return undefined;
}

/** Idempotent: gives back network, namespaces, shared memory and the holder. */
async function release(options: SandboxesOptions, record: SandboxRecord): Promise<void> {
  const { netns, ipc, shm } = record;
  await (options.holders?.remove(record) ?? removePidHolder(options.nerdctl, record));
  await options.imageMounts.release(options.records.folder(record.id));
  if (netns !== undefined && existsSync(netns)) await options.network.detach(attachmentOf(record));
  const left = [netns, ipc, shm].filter((point) => point !== undefined && existsSync(point)) as string[];
  await unmount(...left);
  for (const point of left) rmSync(point, { recursive: true, force: true });
}

const attachmentOf = (record: SandboxRecord): NetworkAttachment => ({
  sandboxId: record.id,
  pod: record.pod,
  netns: record.netns as string,
  portMappings: record.config.network?.portMappings ?? [],
});

/** One that the caller chose is the caller's. */
function removePodCgroup(record: SandboxRecord, records: SandboxRecords, log: Logger): void {
  if (record.config.cgroupParent !== undefined) return;
  const another = records.list().some((r) => r.id !== record.id && r.cgroup === record.cgroup);
  if (another) return;
  try {
    removeCgroup(record.cgroup);
  } catch (error) {
    log.warn({ error, pod: record.pod }, 'the pod cgroup is still in use'); // uninstall tries again
  }
}
