// Starts one container of a pod: image, environment, mounts, create, start, postStart (kuberuntime_container.go,
// startContainer). Every failure is a RuntimeError whose reason is the waiting reason that the API shows.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Container, EphemeralContainer, Pod, Service } from '../api/types/core/v1.ts';
import type { EventRecorder } from '../client/controller.ts';
import type { Clock } from '../clock.ts';
import { containerHash, LABEL_CONTAINER_HASH } from './container-hash.ts';
import type { ContainerStopper } from './container-stopper.ts';
import { type ContainerConfig, type ImageStatus, type Mount, type Runtime, RuntimeError } from './cri/runtime.ts';
import { environmentOf, expand } from './environment.ts';
import type { NodeFacts } from './field-path.ts';
import { type HookError, NO_TIMEOUT, runHook } from './hooks.ts';
import type { Images } from './images.ts';
import type { PodFiles } from './pod-files.ts';
import type { PodObjects } from './pod-objects.ts';
import { aboutContainer, specOf } from './pod-record.ts';
import type { PodVolumes } from './pod-volumes.ts';
import { runtimeResources } from './resources.ts';
import { securityOf } from './security.ts';

export interface StarterOptions {
  runtime: Runtime;
  images: Images;
  events: EventRecorder;
  clock: Clock;
  objects: PodObjects;
  stopper: Pick<ContainerStopper, 'stop'>;
  services: (namespace: string) => readonly Service[];
  node: () => NodeFacts;
  nodeMemoryBytes: number;
  /** See SecurityFacts. */
  seccompDirectory: string;
}

export interface StartPlace {
  pod: Pod;
  sandboxId: string;
  podIPs: readonly string[];
  attempt: number;
  /** The newest container of a name, if it was ever made. */
  idOf(name: string): string | undefined;
  volumes: PodVolumes;
  files: PodFiles;
  /** The container has been made, with the resources of the pod given here. */
  created(): void;
  /** Holds the container's id while its postStart hook runs. */
  inPostStart: Set<string>;
  /** Tells that the container runs, and its postStart hook has ended. */
  started(): void;
  /** Work that must not be cut off: a deletion waits for it, so that no container appears after everything is gone. */
  hold<T>(work: Promise<T>): Promise<T>;
  signal: AbortSignal;
}

export interface ContainerStarter {
  start(container: Container, place: StartPlace): Promise<void>;
}

/** The path of what a container writes its last words to. */
export const terminationLog = (podDirectory: string, name: string, attempt: number): string =>
  path.join(podDirectory, 'containers', name, `${attempt}-termination-log`);

/** The container that `kubectl debug --target` names. */
function targetOf(container: EphemeralContainer, place: StartPlace): string | undefined {
  const { targetContainerName: target } = container;
  if (!target) return undefined;
  const id = place.idOf(target);
  if (id === undefined) throw new Error(`unable to find target container ${target}`);
  return id;
}

export function createContainerStarter(options: StarterOptions): ContainerStarter {
  const { runtime, events } = options;

  async function configOf(container: Container, place: StartPlace, image: ImageStatus): Promise<ContainerConfig> {
    const { pod } = place;
    const env = await environment(container, place);
    const lookup = (name: string) => env.find((v) => v.name === name)?.value;
    const { metadata } = pod;
    const processesOf = targetOf(container, place);
    return {
      sandboxId: place.sandboxId,
      name: container.name,
      attempt: place.attempt,
      image: container.image ?? '',
      ...(container.command ? { command: container.command.map((word) => expand(word, lookup)) } : {}),
      ...(container.args ? { args: container.args.map((word) => expand(word, lookup)) } : {}),
      ...(container.workingDir ? { workingDir: container.workingDir } : {}),
      env,
      mounts: await mountsOf(container, place, env),
      ...(container.volumeDevices ? { devices: place.volumes.devicesOf(container) } : {}),
      stdin: container.stdin ?? false,
      stdinOnce: container.stdinOnce ?? false,
      tty: container.tty ?? false,
      resources: runtimeResources(container, pod, options.nodeMemoryBytes),
      security: securityOf(container, pod, { image, seccompDirectory: options.seccompDirectory }),
      labels: {
        'io.kubernetes.container.name': container.name,
        'io.kubernetes.pod.name': metadata.name ?? '',
        'io.kubernetes.pod.namespace': metadata.namespace ?? '',
        'io.kubernetes.pod.uid': metadata.uid ?? '',
        [LABEL_CONTAINER_HASH]: containerHash(container),
      },
      ...(processesOf === undefined ? {} : { processesOf }),
      ...(container.lifecycle?.stopSignal ? { stopSignal: container.lifecycle.stopSignal } : {}),
    };
  }

  /** Its own, after those of the image volumes that it mounts. */
  async function ensureImages(container: Container, pod: Pod): Promise<ImageStatus> {
    const mounted = new Set((container.volumeMounts ?? []).map(({ name }) => name));
    for (const { name, image } of specOf(pod).volumes ?? []) {
      if (!image || !mounted.has(name)) continue;
      const { reference, pullPolicy } = image;
      await options.images.ensure(pod, { name: container.name, image: reference, imagePullPolicy: pullPolicy });
    }
    return options.images.ensure(pod, container);
  }

  async function environment(container: Container, place: StartPlace) {
    const { pod } = place;
    const { configMap, secret } = options.objects.of(pod);
    return environmentOf(container, pod, {
      configMap,
      secret,
      file: place.volumes.readEnvFile,
      services: options.services(pod.metadata.namespace ?? ''),
      podIPs: place.podIPs,
      node: options.node(),
    });
  }

  async function mountsOf(container: Container, place: StartPlace, env: ContainerConfig['env']): Promise<Mount[]> {
    const own = await place.volumes.mountsOf(container, env);
    const log = terminationLog(place.files.directory, container.name, place.attempt);
    await mkdir(path.dirname(log), { recursive: true });
    await writeFile(log, '', { mode: 0o666 });
    const last = {
      hostPath: log,
      containerPath: container.terminationMessagePath ?? '/dev/termination-log',
      readOnly: false,
    };
    const files = await place.files.mounts(place.pod, place.podIPs);
    const taken = new Set(own.map((m) => m.containerPath.replace(/\/+$/, '')));
    return [...own, ...[...files, last].filter((m) => !taken.has(m.containerPath))];
  }

  function failed(reason: string, error: unknown, of: { pod: Pod; container: Container }): RuntimeError {
    const { message } = error as Error;
    events.event(of.pod, 'Warning', 'Failed', `Error: ${message}`, aboutContainer(of.pod, of.container.name));
    return error instanceof RuntimeError ? error : new RuntimeError(reason, message, error);
  }

  async function createAndStart(container: Container, config: ContainerConfig, place: StartPlace): Promise<string> {
    const { pod } = place;
    const about = aboutContainer(pod, container.name);
    const id = await runtime.createContainer(config).catch((error: unknown) => {
      throw failed('CreateContainerError', error, { pod, container });
    });
    place.created();
    if (container.lifecycle?.postStart) place.inPostStart.add(id);
    events.event(pod, 'Normal', 'Created', 'Container created', about);
    await runtime.startContainer(id).catch((error: unknown) => {
      throw failed('RunContainerError', error, { pod, container });
    });
    events.event(pod, 'Normal', 'Started', 'Container started', about);
    return id;
  }

  /** The container stays untold until the hook has ended, and ends with a hook that fails. */
  async function postStart(id: string, container: Container, place: StartPlace): Promise<void> {
    const hook = container.lifecycle?.postStart;
    if (!hook) return;
    const { pod, signal } = place;
    const about = aboutContainer(pod, container.name);
    const target = { containerId: id, container, pod, host: place.podIPs[0] ?? '' };
    try {
      await runHook(hook, target, { ...options, timeoutMs: NO_TIMEOUT, signal });
    } catch (cause) {
      if (signal.aborted) return;
      // Without the words of the hook, which may hold secrets.
      events.event(pod, 'Warning', 'FailedPostStartHook', 'PostStartHook failed', about);
      const status = await runtime.containerStatus(id);
      const graceSeconds = pod.spec?.terminationGracePeriodSeconds ?? 30;
      const order = { pod, graceSeconds, message: 'FailedPostStartHook', host: target.host };
      if (status) await options.stopper.stop({ ...order, status });
      throw new RuntimeError('PostStartHookError', (cause as HookError).message, cause);
    }
  }

  return {
    async start(container, place) {
      const { pod, inPostStart } = place;
      const about = aboutContainer(pod, container.name);
      const image = await ensureImages(container, pod).catch((error: RuntimeError) => {
        events.event(pod, 'Warning', 'Failed', `Error: ${error.reason}`, about);
        throw error;
      });
      const config = await configOf(container, place, image).catch((error: unknown) => {
        throw failed('CreateContainerConfigError', error, { pod, container });
      });
      if (place.signal.aborted) return;
      const id = await place.hold(createAndStart(container, config, place));
      await postStart(id, container, place).finally(() => inPostStart.delete(id));
      place.started();
    },
  };
}
