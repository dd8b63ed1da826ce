// What a volume type is: a value in index.ts. setUp makes the volume's contents true and may be called any number of
// times; a failure is a VolumeError, whose message ends up in the pod's events.
import type {
  ConfigMap,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
  Volume,
} from '../../api/types/core/v1.ts';
import type { Clock } from '../../clock.ts';
import type { NodeFacts } from '../field-path.ts';
import type { Mounter } from '../mounts.ts';

export class VolumeError extends Error {
  /** What the message calls the volume, when it is not by its name in the pod: a PersistentVolume's. */
  readonly volumeName: string | undefined;
  /** What failed, as upstream calls it. */
  readonly step: 'MountVolume.SetUp' | 'MountVolume.NodeAffinity check';
  constructor(message: string, options: { cause?: unknown; volumeName?: string; step?: VolumeError['step'] } = {}) {
    super(message, { cause: options.cause });
    this.name = 'VolumeError';
    this.volumeName = options.volumeName;
    this.step = options.step ?? 'MountVolume.SetUp';
  }
}

/** Nothing was tried yet: what the volume refers to is not there or not as it must be. */
export class UnprocessedVolumeError extends VolumeError {}

/** Objects of the pod's namespace, and tokens for it. */
export interface VolumeObjects {
  configMap(name: string): Promise<ConfigMap | undefined>;
  secret(name: string): Promise<Secret | undefined>;
  persistentVolumeClaim(name: string): Promise<PersistentVolumeClaim | undefined>;
  persistentVolume(name: string): Promise<PersistentVolume | undefined>;
  /** The pod's node, with the labels that it has by now. */
  node(): Promise<Node | undefined>;
  /** A token bound to the pod; the one given before while it is young enough. */
  serviceAccountToken(request: {
    audience: string;
    expirationSeconds: number;
  }): Promise<{ token: string; refreshAt: number }>;
}

export interface VolumeContext {
  pod: Pod;
  volume: Volume;
  /** The volume's own directory, not made yet. */
  directory: string;
  objects: VolumeObjects;
  node: NodeFacts;
  mounter: Mounter;
  clock: Clock;
}

export interface VolumeSetUp {
  /** What containers mount; '' for an image. */
  path: string;
  /** The image whose files it has. */
  image?: string;
  /** Wall-clock milliseconds at which the contents must be made anew. */
  refreshAt?: number;
  /** It is a block device at `path`, for volumeDevices. */
  isDevice?: boolean;
  /** The claim by which it has a file system whose room is told (upstream's MetricsStatFS). */
  claim?: string;
  /** No container may write to it, whatever it asks for (upstream's Attributes.ReadOnly). */
  readOnly?: boolean;
}

export interface VolumeType {
  /** The field of a Volume that says it is of this type. */
  readonly field: keyof Volume;
  /** Directory name under the pod's volumes, as upstream names it. */
  readonly plugin: string;
  /** Its contents follow their sources: it is set up again whenever something changes. */
  readonly requiresRemount?: boolean;
  setUp(context: VolumeContext): Promise<VolumeSetUp>;
}
