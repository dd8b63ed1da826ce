// ContainerProcesses by docker, which keeps the output of containers itself: a pod's log is a link to docker's file, whose form
// is read as well as the CRI's (log-line.ts).
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { LogLimits } from '../../logs/log-file.ts';
import { endAndRemove, type Nerdctl } from '../nerdctl/cli.ts';
import type { ContainerProcesses } from '../nerdctl/containers.ts';

export function createDockerProcesses(
  docker: Nerdctl,
  { ownLabel, logLimits }: { ownLabel: string; logLimits: LogLimits },
): ContainerProcesses {
  const logOptions = [`max-size=${logLimits.maxBytes}`, `max-file=${logLimits.maxFiles}`];
  return {
    async prepare({ stdin, stdinOnce, tty }) {
      const ownArgs = ['--log-driver', 'json-file', ...logOptions.flatMap((one) => ['--log-opt', one])];
      return {
        console: { folder: '', stdin, stdinOnce, tty },
        ownArgs: [...ownArgs, '--no-healthcheck', '--label', ownLabel],
      };
    },
    async start({ id, logPath }) {
      await docker.run('RunContainerError', ['start', id]);
      const { stdout } = await docker.run('RunContainerError', ['inspect', '--format', '{{.LogPath}}', id]);
      await mkdir(path.dirname(logPath), { recursive: true, mode: 0o755 });
      await symlink(stdout.trim(), logPath);
    },
    remove: (id) => endAndRemove(docker, id),
    removed() {},
  };
}
