// Our containerd as a runtime that is spoken to by the CRI: what its plugin is told, the pod network that it makes by
// itself, and the image that it starts sandboxes from.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { createGrpcChannel } from '../grpc/channel.ts';
import type { CriPlugin } from '../kubelet/cri/containerd-process.ts';
import { createCri, onceStarted } from '../kubelet/cri/grpc/calls.ts';
import { createImages } from '../kubelet/cri/grpc/images.ts';
import type { Host } from '../kubelet/cri/grpc/to-cri.ts';
import { RUNC_ROOT } from '../kubelet/cri/nerdctl/cli.ts';
import { exec } from '../kubelet/cri/nerdctl/exec.ts';
import { lowestOomScoreAdj } from '../kubelet/cri/oom-score.ts';
import { PAUSE_IMAGE, pauseArchive } from '../kubelet/cri/pause.ts';
import type { Runtime } from '../kubelet/cri/runtime.ts';
import { defaultConflist } from '../network/conflist.ts';
import { CNI_FOLDERS } from './check.ts';
import { nerdctlImages, registriesOf } from './images.ts';
import { instanceOf } from './instance.ts';
import type { Config } from './options.ts';
import { type RuntimeSettings, runtimePlace } from './runtime-place.ts';

type CriConfig = RuntimeSettings & Pick<Config, 'cluster-cidr' | 'cni-conf-dir' | 'registries'>;

/** Where libcni keeps what it needs to give a network back; one folder for all of a host. */
export const CNI_CACHE = '/var/lib/cni';

export function criPlugin(config: CriConfig): CriPlugin {
  return {
    sandboxImage: PAUSE_IMAGE,
    cniConfDir: config['cni-conf-dir'] || ownNetwork(config),
    cniBinDir: CNI_FOLDERS.find((folder) => existsSync(path.join(folder, 'bridge'))) ?? '',
    registries: registriesOf(config),
    restrictOomScoreAdj: lowestOomScoreAdj() > -1000,
  };
}

const SWAP_FILES = ['/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes', '/sys/fs/cgroup/system.slice/memory.swap.max'];

/** What containers may be given. Another's containerd may have rights that we have not. */
export const criHost = (isOwn: boolean): Host => ({
  minOomScoreAdj: isOwn ? lowestOomScoreAdj() : -1000,
  accountsSwap: SWAP_FILES.some((file) => existsSync(file)),
});

/** Writes the default network for containerd to read; returns its folder. */
function ownNetwork(config: CriConfig): string {
  const dataDir = path.join(config['run-dir'], 'cni');
  const folder = path.join(dataDir, 'net.d');
  const { bridge } = instanceOf(config['data-dir']);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const list = defaultConflist({ podCIDR: config['cluster-cidr'], dataDir, bridge });
  writeFileSync(path.join(folder, '10-tsukube.conflist'), JSON.stringify(list, undefined, 2));
  return folder;
}

/** By the runc that our containerd runs every container with, as it would itself, but that the command ends with its client. */
export const execInOwn =
  (config: CriConfig, clock: Clock): Runtime['exec'] =>
  async (id, command, streams) => {
    const directory = path.join(config['run-dir'], 'runtime/exec');
    return exec(id, command, { clock, runcRoot: RUNC_ROOT, directory, streams });
  };

/** Makes the image of sandboxes present in our containerd, which answers, but may not have looked through what it ran yet. */
export async function ensurePauseImage(config: CriConfig, clock: Clock): Promise<void> {
  const channel = createGrpcChannel({ path: runtimePlace(config).socket, clock });
  try {
    const { imageStatus } = createImages({ cri: createCri(channel) });
    if (await onceStarted(clock, () => imageStatus(PAUSE_IMAGE))) return;
    const archive = path.join(config['run-dir'], 'pause.tar');
    await writeFile(archive, pauseArchive());
    await nerdctlImages(config).loadImages(archive);
    await rm(archive);
  } finally {
    channel.close();
  }
}
