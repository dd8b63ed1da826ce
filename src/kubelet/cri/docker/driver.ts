// The docker driver: what of docker is not as nerdctl has it. The engine is the host's, which others use too; a pod is a container
// that holds its namespaces. docs/decisions/0035-podman.md
import { PRODUCT } from '../../../constants.ts';
import type { Component } from '../../../lifecycle.ts';
import { DEFAULT_LOG_LIMITS } from '../../logs/log-file.ts';
import { LABEL_INSTANCE } from '../labels.ts';
import { commandLine, type Nerdctl } from '../nerdctl/cli.ts';
import { createDialectRuntime, temporaryFolder } from '../nerdctl/dialect.ts';
import { createDialectAttach } from '../nerdctl/dialect-attach.ts';
import { createDialectImages } from '../nerdctl/dialect-images.ts';
import { createDialectLayers } from '../nerdctl/dialect-layers.ts';
import type { DialectRuntimeOptions } from '../nerdctl/options.ts';
import { PAUSE_IMAGE } from '../pause.ts';
import type { Runtime } from '../runtime.ts';
import { engineSocket } from './engine-socket.ts';
import { followDocker } from './events.ts';
import { createHolders } from './holders.ts';
import { createDockerProcesses } from './processes.ts';

/** Where an engine keeps runc's state whose --exec-root is the default. */
const RUNC_ROOT = '/run/docker/runtime-runc/moby';

/** The engine is the one that docker's own settings name (DOCKER_HOST). */
export const createDocker = (program: string): Nerdctl => commandLine((args) => [program, ...args]);

export function createDockerRuntime(options: DialectRuntimeOptions): Runtime & Component {
  const { runDir, clock, registries } = options;
  const docker = createDocker(options.program);
  const temporary = temporaryFolder(runDir, 'docker');
  const all = createDialectImages(docker, { temporary, registries });
  const images = {
    ...all,
    listImages: async () => (await all.listImages()).filter(({ repoTags }) => !repoTags.includes(PAUSE_IMAGE)),
  };
  const ownLabel = `${LABEL_INSTANCE}=${options.cgroup ?? PRODUCT}`;
  return createDialectRuntime(options, {
    name: 'docker',
    cli: docker,
    runcRoot: RUNC_ROOT,
    ownLabel,
    processes: createDockerProcesses(docker, { ownLabel, logLimits: options.logLimits ?? DEFAULT_LOG_LIMITS }),
    images,
    mountsImages: false,
    layers: createDialectLayers(docker, async () => {
      const { stdout } = await docker.run('ImageFsError', ['info', '--format', '{{.DockerRootDir}}']);
      return stdout.trim();
    }),
    cgroupOf: (id) => id,
    attach: createDialectAttach(() => engineSocket(docker)),
    holders: createHolders({ docker, images: all, temporary }),
    follow: (followed, signal, onSubscribed) => followDocker({ docker, clock, ...followed }, signal, onSubscribed),
    versionFormat: '{{.Server.Version}}',
  });
}
