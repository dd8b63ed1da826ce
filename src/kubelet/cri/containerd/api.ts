// The calls of containerd's own API that are made beside nerdctl and the CRI, from containerd/api: services/{events,
// tasks,containers,snapshots}/v1, types and events. Fields that are not used are left out.
import type { Clock } from '../../../clock.ts';
import { createGrpcChannel, type GrpcChannel, method } from '../../../grpc/channel.ts';
import {
  bytes,
  choice,
  flag,
  integer,
  many,
  map,
  message,
  one,
  type Read,
  text,
  texts,
} from '../../../grpc/message.ts';

/** That of the CRI plugin. Users build with `nerdctl --namespace k8s.io build`: what they build is runnable at once. */
export const CONTAINERD_NAMESPACE = 'k8s.io';

/** A channel to containerd's own services, whose calls are about CONTAINERD_NAMESPACE. */
export const connectContainerd = (path: string, clock: Clock): GrpcChannel =>
  createGrpcChannel({ path, clock, metadata: { 'containerd-namespace': CONTAINERD_NAMESPACE } });

export const Timestamp = message({ seconds: integer(1), nanos: integer(2) });
/** Since the epoch; 0 for one that is not there, and for Go's zero time. */
export const milliseconds = (time: Read<typeof Timestamp> | undefined): number =>
  time === undefined ? 0 : Math.max(0, time.seconds * 1000 + Math.floor(time.nanos / 1e6));
export const Any = message({ typeUrl: text(1), value: bytes(2) });
const Empty = message({});

export const Envelope = message({ timestamp: one(1, Timestamp), topic: text(3), event: one(4, Any) });
export const SubscribeRequest = message({ filters: texts(1) });
export const PublishRequest = message({ topic: text(1), event: one(2, Any) });
export const SUBSCRIBE = method('containerd.services.events.v1.Events/Subscribe', SubscribeRequest, Envelope);
export const PUBLISH = method('containerd.services.events.v1.Events/Publish', PublishRequest, Empty);

export const TaskStart = message({ containerId: text(1) });
export const TaskExit = message({
  containerId: text(1),
  id: text(2),
  exitStatus: integer(4),
  exitedAt: one(5, Timestamp),
});
export const TaskOOM = message({ containerId: text(1) });
export const ContainerDelete = message({ id: text(1) });
/** ImageCreate, ImageUpdate and ImageDelete. */
export const ImageChange = message({ name: text(1) });
/** SnapshotPrepare, SnapshotCommit and SnapshotRemove. */
export const SnapshotChange = message({ key: text(1) });

export const Mount = message({ type: text(1), source: text(2), target: text(3), options: texts(4) });
export const Container = message({
  id: text(1),
  labels: map(2),
  spec: one(5, Any),
  snapshotter: text(6),
  snapshotKey: text(7),
});
const GetContainerRequest = message({ id: text(1) });
const GetContainerResponse = message({ container: one(1, Container) });
const ListContainersRequest = message({ filters: texts(1) });
const ListContainersResponse = message({ containers: many(1, Container) });
const CONTAINERS = 'containerd.services.containers.v1.Containers';
export const GET_CONTAINER = method(`${CONTAINERS}/Get`, GetContainerRequest, GetContainerResponse);
export const DELETE_CONTAINER = method(`${CONTAINERS}/Delete`, GetContainerRequest, Empty);
export const LIST_CONTAINERS = method(`${CONTAINERS}/List`, ListContainersRequest, ListContainersResponse);

const ListImagesRequest = message({ filters: texts(1) });
const Image = message({ name: text(1) });
const ListImagesResponse = message({ images: many(1, Image) });
export const LIST_IMAGES = method('containerd.services.images.v1.Images/List', ListImagesRequest, ListImagesResponse);

const CreateTaskRequest = message({
  containerId: text(1),
  rootfs: many(3, Mount),
  stdin: text(4),
  stdout: text(5),
  stderr: text(6),
  terminal: flag(7),
});
const TaskRequest = message({ containerId: text(1) });
const GetTaskRequest = message({ containerId: text(1) });
/** In the order of containerd.v1.types.Status. */
const TASK_STATES = ['UNKNOWN', 'CREATED', 'RUNNING', 'STOPPED', 'PAUSED', 'PAUSING'] as const;
const Process = message({ status: choice(4, TASK_STATES), exitStatus: integer(9), exitedAt: one(10, Timestamp) });
const GetTaskResponse = message({ process: one(1, Process) });
const ResizePtyRequest = message({ containerId: text(1), width: integer(3), height: integer(4) });
const CloseIORequest = message({ containerId: text(1), stdin: flag(3) });
const TASKS = 'containerd.services.tasks.v1.Tasks';
export const CREATE_TASK = method(`${TASKS}/Create`, CreateTaskRequest, Empty);
export const START_TASK = method(`${TASKS}/Start`, TaskRequest, Empty);
export const GET_TASK = method(`${TASKS}/Get`, GetTaskRequest, GetTaskResponse);
export const DELETE_TASK = method(`${TASKS}/Delete`, TaskRequest, Empty);
export const RESIZE_PTY = method(`${TASKS}/ResizePty`, ResizePtyRequest, Empty);
export const CLOSE_IO = method(`${TASKS}/CloseIO`, CloseIORequest, Empty);

const SnapshotRequest = message({ snapshotter: text(1), key: text(2) });
const MountsResponse = message({ mounts: many(1, Mount) });
const UsageResponse = message({ size: integer(1), inodes: integer(2) });
const SnapshotInfo = message({ name: text(1) });
const ListSnapshotsRequest = message({ snapshotter: text(1) });
const ListSnapshotsResponse = message({ info: many(1, SnapshotInfo) });
const SNAPSHOTS = 'containerd.services.snapshots.v1.Snapshots';
export const SNAPSHOT_MOUNTS = method(`${SNAPSHOTS}/Mounts`, SnapshotRequest, MountsResponse);
const ViewRequest = message({ snapshotter: text(1), key: text(2), parent: text(3) });
export const VIEW_SNAPSHOT = method(`${SNAPSHOTS}/View`, ViewRequest, MountsResponse);
export const REMOVE_SNAPSHOT = method(`${SNAPSHOTS}/Remove`, SnapshotRequest, Empty);
export const SNAPSHOT_USAGE = method(`${SNAPSHOTS}/Usage`, SnapshotRequest, UsageResponse);
/** Answers with a stream. */
export const LIST_SNAPSHOTS = method(`${SNAPSHOTS}/List`, ListSnapshotsRequest, ListSnapshotsResponse);

const PluginsRequest = message({ filters: texts(1) });
const Plugin = message({ id: text(2), exports: map(5) });
const PluginsResponse = message({ plugins: many(1, Plugin) });
export const PLUGINS = method(
  'containerd.services.introspection.v1.Introspection/Plugins',
  PluginsRequest,
  PluginsResponse,
);

const VersionResponse = message({ version: text(1) });
export const VERSION = method('containerd.services.version.v1.Version/Version', Empty, VersionResponse);

const Namespace = message({ name: text(1) });
const CreateNamespaceRequest = message({ namespace: one(1, Namespace) });
export const CREATE_NAMESPACE = method(
  'containerd.services.namespaces.v1.Namespaces/Create',
  CreateNamespaceRequest,
  Empty,
);

/** Longer than any of these calls takes on a machine that works. */
export const CALL_TIMEOUT_MS = 30_000;
