// The volumes of one pod: set up together before its first container, made anew when their sources change, and taken
// down when the pod is gone. Also the bind mounts of subPaths.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Container, Pod, Volume, VolumeMount } from '../api/types/core/v1.ts';
import type { Clock } from '../clock.ts';
import { type Device, type Mount, RuntimeError } from './cri/runtime.ts';
import { expand } from './environment.ts';
import type { NodeFacts } from './field-path.ts';
import type { Mounter } from './mounts.ts';
import type { PodObjects } from './pod-objects.ts';
import { specOf } from './pod-record.ts';
import { VOLUME_TYPES } from './volumes/index.ts';
import { readInside } from './volumes/inside.ts';
import { bindSubPath } from './volumes/sub-path.ts';
import { UnprocessedVolumeError, VolumeError, type VolumeSetUp } from './volumes/volume.ts';

export interface PodVolumesOptions {
  /** The pod's directory. */
  directory: string;
  objects: PodObjects;
  node: () => NodeFacts;
  mounter: Mounter;
  clock: Clock;
}

/** A file system that a pod has by a claim. */
export interface ClaimedPlace {
  /** As the pod calls the volume. */
  name: string;
  claim: string;
  path: string;
}

export interface PodVolumes {
  /** Makes all contents true. Resolves with when to do it again. Throws PodVolumesError. */
  setUp(pod: Pod): Promise<{ refreshAt: number | undefined }>;
  isSetUp(): boolean;
  /** The mounts a container asked for; setUp must have succeeded. */
  mountsOf(container: Container, env: readonly { name: string; value: string }[]): Promise<Mount[]>;
  /** The devices a container asked for; setUp must have succeeded. */
  devicesOf(container: Container): Device[];
  /** Those whose claims are told how much room they have. */
  claimedPlaces(): ClaimedPlace[];
  /** A file of variables in a volume, for fileKeyRef. */
  readEnvFile(volume: string, place: string): Promise<{ text: string; hostPath: string }>;
  /** Takes the volumes away and leaves the pod's other files. Idempotent. */
  unmount(): Promise<void>;
  /** Idempotent. */
  tearDown(): Promise<void>;
}

/** Each message is one FailedMount event. */
export class PodVolumesError extends Error {
  readonly messages: readonly string[];
  constructor(causes: readonly Error[]) {
    super(causes.map(({ message }) => message).join('; '), { cause: causes[0] });
    this.name = 'PodVolumesError';
    this.messages = causes.map(({ message }) => message);
  }
}

const PROPAGATION = { None: 'private', HostToContainer: 'rslave', Bidirectional: 'rshared' } as const;
/** Far above what an environment can be; a volume may hold files of any size. */
const MAX_ENV_FILE_BYTES = 1024 ** 2;

export function createPodVolumes(options: PodVolumesOptions): PodVolumes {
  const { directory, mounter } = options;
  const volumes = new Map<string, VolumeSetUp>();
  let ready = false;

  async function setUpOne(volume: Volume, pod: Pod): Promise<number | undefined> {
    const type = VOLUME_TYPES.find((t) => volume[t.field] !== undefined);
    if (!type) throw new VolumeError(`the type of volume "${volume.name}" is not supported by this kubelet`);
    if (volumes.has(volume.name) && !type.requiresRemount) return undefined;
    const made = await type
      .setUp({
        pod,
        volume,
        directory: path.join(directory, 'volumes', type.plugin, volume.name),
        objects: options.objects.of(pod),
        node: options.node(),
        mounter,
        clock: options.clock,
      })
      .catch((cause: Error) => {
        throw failureOf(volume.name, cause);
      });
    volumes.set(volume.name, made);
    return made.refreshAt;
  }

  const pathOf = (name: string, message: string): string => {
    const volume = volumes.get(name);
    if (volume === undefined) throw new RuntimeError('CreateContainerConfigError', message);
    return volume.path;
  };

  async function subPathOf(
    mount: VolumeMount,
    subPath: string,
    at: { container: Container; index: number; volume: string },
  ): Promise<string> {
    const target = path.join(directory, 'volume-subpaths', mount.name, at.container.name, String(at.index));
    await bindSubPath({ volume: at.volume, subPath, target }, mounter).catch((cause: Error) => {
      const message = `failed to prepare subPath for volumeMount "${mount.name}" of container "${at.container.name}"`;
      throw new RuntimeError('CreateContainerConfigError', `${message}: ${cause.message}`, cause);
    });
    return target;
  }

  async function mountOf(
    mount: VolumeMount,
    index: number,
    at: { container: Container; env: readonly { name: string; value: string }[] },
  ): Promise<Mount> {
    const made = volumes.get(mount.name);
    const missing = `cannot find volume "${mount.name}" to mount into container "${at.container.name}"`;
    const volume = pathOf(mount.name, missing);
    const subPath = mount.subPathExpr ? expandSubPath(mount.subPathExpr, at.env) : mount.subPath;
    const recursive = isRecursivelyReadOnly(mount);
    const source = made?.image
      ? { hostPath: '', image: { reference: made.image, ...(subPath ? { subPath } : {}) } }
      : { hostPath: subPath ? await subPathOf(mount, subPath, { container: at.container, index, volume }) : volume };
    return {
      ...source,
      containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
      readOnly: (mount.readOnly ?? false) || (made?.readOnly ?? false),
      ...(recursive ? { recursiveReadOnly: true } : {}),
      propagation: PROPAGATION[mount.mountPropagation ?? 'None'],
    };
  }

  return {
    async setUp(pod) {
      const tried = await Promise.allSettled((specOf(pod).volumes ?? []).map((volume) => setUpOne(volume, pod)));
      const failures = tried.filter((one) => one.status === 'rejected').map(({ reason }) => reason as Error);
      if (failures.length > 0) throw new PodVolumesError(failures);
      ready = true;
      const times = tried.map((one) => (one.status === 'fulfilled' ? one.value : undefined));
      const next = Math.min(...times.map((t) => t ?? Number.POSITIVE_INFINITY));
      return { refreshAt: Number.isFinite(next) ? next : undefined };
    },
    isSetUp: () => ready,
    async mountsOf(container, env) {
      const mounts: Mount[] = [];
      for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
        mounts.push(await mountOf(mount, index, { container, env }));
      }
      return mounts;
    },
    devicesOf: (container) =>
      (container.volumeDevices ?? []).map(({ name, devicePath }) => {
        const missing = `cannot find volume "${name}" to pass into container "${container.name}"`;
        const hostPath = pathOf(name, missing);
        const { isDevice, readOnly } = volumes.get(name) ?? {};
        if (!isDevice) throw new RuntimeError('CreateContainerConfigError', missing);
        return { hostPath, containerPath: devicePath, permissions: readOnly ? 'r' : 'mrw' };
      }),
    claimedPlaces: () =>
      [...volumes].flatMap(([name, { claim, path: place }]) =>
        claim === undefined ? [] : [{ name, claim, path: place }],
      ),
    async readEnvFile(name, place) {
      const volume = pathOf(name, `cannot find the volume "${name}" referenced by FileKeyRef`);
      return { text: await readInside(volume, place, MAX_ENV_FILE_BYTES), hostPath: path.join(volume, place) };
    },
    async unmount() {
      ready = false;
      volumes.clear();
      for (const part of ['volume-subpaths', 'volumes']) await removePodDirectory(path.join(directory, part), mounter);
    },
    async tearDown() {
      ready = false;
      volumes.clear();
      await removePodDirectory(directory, mounter);
    },
  };
}

/** Unmounts everything below first, so that nothing of a host path is ever removed. */
export async function removePodDirectory(directory: string, mounter: Mounter): Promise<void> {
  for (const point of await mounter.under(directory)) await mounter.unmount(point);
  const left = await mounter.under(directory);
  if (left.length > 0) throw new VolumeError(`${left[0]} is still mounted`);
  await rm(directory, { recursive: true, force: true });
}

/** As kubectl describe is to show it (operation_generator.go, volume_manager.go WaitForAttachAndMount). */
function failureOf(name: string, cause: Error): VolumeError {
  if (cause instanceof UnprocessedVolumeError) {
    const which = `unmounted volumes=[${name}], unattached volumes=[], failed to process volumes=[${name}]`;
    return new VolumeError(`Unable to attach or mount volumes: ${which}: ${cause.message}`, { cause });
  }
  const { volumeName = name, step } = cause instanceof VolumeError ? cause : new VolumeError('');
  return new VolumeError(`${step} failed for volume "${volumeName}" : ${cause.message}`, { cause });
}

/** Whether mounts below the volume are read only too (resolveRecursiveReadOnly). */
function isRecursivelyReadOnly({
  name,
  readOnly,
  recursiveReadOnly = 'Disabled',
  mountPropagation,
}: VolumeMount): boolean {
  if (recursiveReadOnly === 'Disabled') return false;
  const refuse = (why: string) =>
    new RuntimeError(
      'CreateContainerConfigError',
      `failed to resolve recursive read-only mode: volume "${name}" requested recursive read-only mode, but it is ${why}`,
    );
  if (!readOnly) throw refuse('not read-only');
  if (mountPropagation && mountPropagation !== 'None') {
    throw refuse(`not compatible with propagation "${mountPropagation}"`);
  }
  return true;
}

/** A variable that is empty counts as missing. */
function expandSubPath(text: string, env: readonly { name: string; value: string }[]): string {
  const missing = new Set<string>();
  const result = expand(text, (name) => {
    const value = env.find((v) => v.name === name)?.value;
    if (!value) missing.add(name);
    return value;
  });
  if (missing.size === 0) return result;
  throw new RuntimeError('CreateContainerConfigError', `missing value for ${[...missing].toSorted().join(', ')}`);
}
