// The volumes of one pod: set up together before its first container, made anew when their sources change, and taken
// down when the pod is gone. Also the bind mounts of subPaths.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Container, Pod, Volume } from '../api/types/core/v1.ts';
import type { Clock } from '../clock.ts';
import { type Mount, RuntimeError } from './cri/runtime.ts';
import { expand } from './environment.ts';
import type { NodeFacts } from './field-path.ts';
import type { Mounter } from './mounts.ts';
import type { PodObjects } from './pod-objects.ts';
import { specOf } from './pod-record.ts';
import { VOLUME_TYPES } from './volumes/index.ts';
import { bindSubPath } from './volumes/sub-path.ts';
import { VolumeError, type VolumeSetUp } from './volumes/volume.ts';

export interface PodVolumesOptions {
  /** The pod's directory. */
  directory: string;
  objects: PodObjects;
  node: () => NodeFacts;
  mounter: Mounter;
  clock: Clock;
}

export interface PodVolumes {
  /** Makes all contents true. Resolves with when to do it again. Throws VolumeError. */
  setUp(pod: Pod): Promise<{ refreshAt: number | undefined }>;
  isSetUp(): boolean;
  /** The mounts a container asked for; setUp must have succeeded. */
  mountsOf(container: Container, env: readonly { name: string; value: string }[]): Promise<Mount[]>;
  /** Idempotent. */
  tearDown(): Promise<void>;
}

const PROPAGATION = { None: 'private', HostToContainer: 'rslave', Bidirectional: 'rshared' } as const;

export function createPodVolumes(options: PodVolumesOptions): PodVolumes {
  const { directory, mounter } = options;
  const volumes = new Map<string, VolumeSetUp>();
  let ready = false;

  async function setUpOne(volume: Volume, pod: Pod): Promise<number | undefined> {
    const type = VOLUME_TYPES.find((t) => volume[t.field] !== undefined);
    if (!type) throw new VolumeError(`the type of volume "${volume.name}" is not supported by this kubelet`);
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
        throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${cause.message}`, cause);
      });
    volumes.set(volume.name, made);
    return made.refreshAt;
  }

  async function mountOf(
    mount: NonNullable<Container['volumeMounts']>[number],
    index: number,
    at: { container: Container; env: readonly { name: string; value: string }[] },
  ): Promise<Mount> {
    const volume = volumes.get(mount.name);
    if (volume === undefined) {
      throw new RuntimeError(
        'CreateContainerConfigError',
        `volume "${mount.name}" of container "${at.container.name}" is not there`,
      );
    }
    const subPath = mount.subPathExpr ? expandSubPath(mount.subPathExpr, at.env) : mount.subPath;
    let hostPath = volume.path;
    if (subPath) {
      hostPath = path.join(directory, 'volume-subpaths', mount.name, at.container.name, String(index));
      await bindSubPath({ volume: volume.path, subPath, target: hostPath }, mounter).catch((cause: Error) => {
        const message = `failed to prepare subPath for volumeMount "${mount.name}" of container "${at.container.name}"`;
        throw new RuntimeError('CreateContainerConfigError', `${message}: ${cause.message}`, cause);
      });
    }
    return {
      hostPath,
      containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
      readOnly: (mount.readOnly ?? false) || (volume.readOnly ?? false),
      propagation: PROPAGATION[mount.mountPropagation ?? 'None'],
    };
  }

  return {
    async setUp(pod) {
      const times = await Promise.all((specOf(pod).volumes ?? []).map((volume) => setUpOne(volume, pod)));
      ready = true;
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
    async tearDown() {
      ready = false;
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

function expandSubPath(text: string, env: readonly { name: string; value: string }[]): string {
  const missing: string[] = [];
  const result = expand(text, (name) => {
    const found = env.find((v) => v.name === name);
    if (!found) missing.push(name);
    return found?.value;
  });
  if (missing.length > 0) {
    throw new RuntimeError(
      'CreateContainerConfigError',
      `missing value for ${missing.map((m) => JSON.stringify(m)).join(', ')}`,
    );
  }
  return result;
}
