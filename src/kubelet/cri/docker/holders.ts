// Holders by docker, which joins namespaces of containers only: a pause container a pod, from an image made here.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pinNetworkOf } from '../../../network/netns.ts';
import { sysctlArgs } from '../nerdctl/argv.ts';
import { endAndRemove, type Nerdctl } from '../nerdctl/cli.ts';
import { holderName } from '../nerdctl/pid-holder.ts';
import type { SandboxRecord } from '../nerdctl/records.ts';
import type { Holders } from '../nerdctl/sandboxes.ts';
import { PAUSE_IMAGE, pauseArchive } from '../pause.ts';
import type { ImageRuntime } from '../runtime.ts';

export function createHolders(options: {
  docker: Nerdctl;
  images: Pick<ImageRuntime, 'imageStatus' | 'loadImages'>;
  /** For the image's archive while it is loaded. */
  temporary: string;
}): Holders {
  const { docker, images } = options;

  async function ensurePause(): Promise<void> {
    if (await images.imageStatus(PAUSE_IMAGE)) return;
    const archive = path.join(options.temporary, 'pause.tar');
    await mkdir(options.temporary, { recursive: true, mode: 0o700 });
    await writeFile(archive, pauseArchive());
    await images.loadImages(archive);
    await rm(archive, { force: true });
  }

  return {
    async start(record) {
      await ensurePause();
      const { stdout } = await docker.run('CreatePodSandboxError', holderArgs(record));
      const id = stdout.trim();
      if (record.netns !== undefined) {
        const format = ['container', 'inspect', '--format', '{{.State.Pid}}', id];
        const { stdout: pid } = await docker.run('CreatePodSandboxError', format);
        await pinNetworkOf(Number(pid), record.netns);
      }
      return id;
    },
    remove: (record) => endAndRemove(docker, holderName(record)),
  };
}

/** What all containers of the pod share is set here. */
function holderArgs(record: SandboxRecord): string[] {
  const { netns, config, cgroup } = record;
  return [
    ...['run', '--detach', '--pull', 'never', '--name', holderName(record), '--cgroup-parent', `/${cgroup}`],
    ...(netns === undefined ? ['--network', 'host'] : ['--network', 'none', '--hostname', config.hostname]),
    ...(config.hostIPC ? ['--ipc', 'host'] : ['--ipc', 'shareable', '--shm-size', '64m']),
    ...sysctlArgs(config),
    ...['--log-driver', 'none', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    PAUSE_IMAGE,
  ];
}
