// ContainerProcesses by podman: each container has a conmon, which writes its output in the CRI's form, outlives the server
// and tells of the end by a file.
import { constants } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { endAndRemove, type Nerdctl } from '../nerdctl/cli.ts';
import type { ContainerProcesses } from '../nerdctl/containers.ts';
import { userOf } from '../nerdctl/runc-wrapper.ts';
import type { PodmanFolders } from './cli.ts';
import { stdinArgs } from './conmon-wrapper.ts';

/** What podman does on its own and a kubelet has decided otherwise; of its volumes only those of the image remain. */
const OWN_ARGS = [
  ...['--cgroups', 'no-conmon', '--systemd', 'false', '--sdnotify', 'ignore'],
  ...['--no-hosts', '--no-healthcheck', '--unsetenv', 'container'],
];

export function createPodmanProcesses(podman: Nerdctl, folders: Pick<PodmanFolders, 'container'>): ContainerProcesses {
  return {
    async prepare({ stdin, stdinOnce, tty }, logPath) {
      await mkdir(path.dirname(logPath), { recursive: true, mode: 0o755 });
      const ownArgs = [
        ...OWN_ARGS,
        '--log-driver',
        'k8s-file',
        '--log-opt',
        `path=${logPath}`,
        ...stdinArgs({ stdin, stdinOnce }),
      ];
      return { console: { folder: '', stdin, stdinOnce, tty }, ownArgs };
    },
    async start({ id }, onUser) {
      await podman.run('RunContainerError', ['start', id]);
      onUser(userOf(await readFile(path.join(folders.container(id), 'config.json'), 'utf8')));
    },
    remove: (id) => endAndRemove(podman, id),
    removed() {},
  };
}

/** conmon's ctl_fifo: message 2 has the log opened anew. https://github.com/containers/conmon/blob/main/src/ctrl.h */
const REOPEN_LOG = '2 0 0\n';

/** Throws when the container has ended: nobody reads then. */
export async function reopenLog(folder: string): Promise<void> {
  const fifo = await open(path.join(folder, 'ctl'), constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    await fifo.write(REOPEN_LOG);
  } finally {
    await fifo.close();
  }
}
