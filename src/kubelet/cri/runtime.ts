// What the kubelet asks of a container runtime, stated by the kubelet. Drivers: nerdctl/, grpc/ (the CRI itself) and
// simulated/ (seeded, scriptable); one conformance list tests all. Shapes follow the CRI (k8s.io/cri-api) where it has them.
import type { Duplex } from 'node:stream';

export interface SandboxConfig {
  /** Identity of the pod this sandbox is for. */
  pod: { namespace: string; name: string; uid: string };
  attempt: number;
  hostname: string;
  /** undefined: the sandbox uses the host's network. */
  network?: { portMappings: readonly PortMapping[] };
  hostPID: boolean;
  hostIPC: boolean;
  shareProcessNamespace: boolean;
  /** A container of it will be; runtimes refuse one otherwise. */
  privileged?: boolean;
  sysctls: Readonly<Record<string, string>>;
  /** The pod's cgroup below each hierarchy's root, `/kubepods/burstable/pod<uid>`; undefined: the runtime's own place. */
  cgroupParent?: string;
  /** Of a RuntimeClass; undefined: the runtime's default. */
  runtimeHandler?: string;
  /** `hostUsers: false`: containers' ids from 0 are the host's from `hostId`. */
  userNamespace?: { hostId: number; length: number };
}

export interface PortMapping {
  protocol: 'TCP' | 'UDP' | 'SCTP';
  containerPort: number;
  hostPort: number;
  hostIP?: string;
}

export interface Sandbox {
  id: string;
  pod: { namespace: string; name: string; uid: string };
  attempt: number;
  state: 'ready' | 'notReady';
  createdAt: number;
  /** Empty for host network. */
  ips: readonly string[];
}

export interface Mount {
  /** '' for an image. */
  hostPath: string;
  /** Its files are mounted, or those at a path in it; it is present. */
  image?: { reference: string; subPath?: string };
  containerPath: string;
  readOnly: boolean;
  /** What is mounted below it is read only too. */
  recursiveReadOnly?: boolean;
  propagation?: 'private' | 'rslave' | 'rshared';
}

/** A device of the host, under another path. */
export interface Device {
  hostPath: string;
  containerPath: string;
  /** Of read, write and mknod. */
  permissions: 'r' | 'mrw';
}

/** What the kernel is told of one container; a field that is not there is not limited, or in an update left as it is. */
export interface ContainerResources {
  cpuShares?: number;
  /** Microseconds per 100 ms period. */
  cpuQuota?: number;
  memoryLimitBytes?: number;
  oomScoreAdj?: number;
  pidsLimit?: number;
  /** Files of cgroup v2 by name, `memory.min`; the CRI's `unified`. */
  unified?: Readonly<Record<string, string>>;
}

export interface ContainerConfig {
  sandboxId: string;
  name: string;
  attempt: number;
  image: string;
  command?: readonly string[];
  args?: readonly string[];
  workingDir?: string;
  env: readonly { name: string; value: string }[];
  mounts: readonly Mount[];
  devices?: readonly Device[];
  stdin: boolean;
  stdinOnce: boolean;
  tty: boolean;
  resources: ContainerResources;
  security: {
    privileged: boolean;
    runAsUser?: number;
    runAsGroup?: number;
    supplementalGroups: readonly number[];
    /** `supplementalGroupsPolicy: Strict`: none that the image's /etc/group has for the user. */
    onlyThoseGroups?: boolean;
    addCapabilities: readonly string[];
    dropCapabilities: readonly string[];
    readOnlyRootFilesystem: boolean;
    noNewPrivileges: boolean;
    /** A profile of the host by its file. */
    seccomp: 'RuntimeDefault' | 'Unconfined' | { localhostProfile: string };
    /** A profile of the host by its name; undefined: as the runtime has it. */
    appArmor?: 'RuntimeDefault' | 'Unconfined' | { localhostProfile: string };
    selinux?: { user?: string; role?: string; type?: string; level?: string };
    /** `procMount: Unmasked`: nothing of /proc and /sys is hidden or read only. */
    unmaskedProc?: boolean;
  };
  /** Id of a container in the same sandbox whose processes it is to see, where it would see only its own. */
  processesOf?: string;
  /** Written to the runtime as labels, so that an adopted container can be told apart. */
  labels: Readonly<Record<string, string>>;
  stopSignal?: string;
}

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown';

export interface ContainerStatus {
  id: string;
  sandboxId: string;
  name: string;
  attempt: number;
  pod: { namespace: string; name: string; uid: string };
  state: ContainerState;
  /** Milliseconds since the epoch; 0 when it has not happened. */
  createdAt: number;
  startedAt: number;
  finishedAt: number;
  exitCode?: number;
  /** The signal it died of, when the runtime knows. */
  signal?: number;
  oomKilled: boolean;
  image: string;
  imageId: string;
  /** The runtime's own words when it could not start. */
  message?: string;
  logPath: string;
  labels: Readonly<Record<string, string>>;
  /** Whom its first process began as; undefined while it has none, or when the runtime does not tell. */
  user?: ContainerUser;
  /** As the container was made or last updated; undefined when the runtime does not tell. */
  resources?: Pick<ContainerResources, 'cpuShares' | 'cpuQuota' | 'memoryLimitBytes'>;
}

export interface ContainerUser {
  uid: number;
  gid: number;
  supplementalGroups: readonly number[];
}

/** What one container uses; a part that the runtime or the kernel does not tell is not there. */
export interface ContainerStats {
  id: string;
  /** When the numbers were read, milliseconds since the epoch. */
  at: number;
  cpu?: { usageNanoseconds: number };
  memory?: MemoryStats;
  /** Processes and threads. */
  processes?: number;
  pressure?: Pressures;
  /** What the container has written beside its volumes. */
  writableLayer?: { usedBytes: number; inodesUsed: number };
}

/** For how long some tasks of a group, or all of them, had to wait for what they need. */
export interface Pressure {
  full: PressureTime;
  some: PressureTime;
}

export interface PressureTime {
  /** Nanoseconds. */
  total: number;
  /** Percent, of the last 10, 60 and 300 s. */
  avg10: number;
  avg60: number;
  avg300: number;
}

export type Pressures = Readonly<Partial<Record<'cpu' | 'memory' | 'io', Pressure>>>;

export interface MemoryStats {
  usageBytes: number;
  /** What cannot be taken away under pressure: usage without files that are not in use. */
  workingSetBytes: number;
  rssBytes: number;
  pageFaults: number;
  majorPageFaults: number;
}

/** Where images and writable layers are kept. Room and capacity are the file system's own. */
export interface ImageFilesystem {
  mountpoint: string;
  usedBytes: number;
  inodesUsed: number;
}

export interface ImageStatus {
  id: string;
  repoTags: readonly string[];
  repoDigests: readonly string[];
  size: number;
  /** From the image's config. */
  user?: string;
  entrypoint: readonly string[];
  cmd: readonly string[];
  stopSignal?: string;
  /** The runtime wants it kept, whoever uses it. */
  isPinned?: boolean;
}

export interface RuntimeEvent {
  type: 'created' | 'started' | 'exited' | 'deleted' | 'oom';
  containerId: string;
  sandboxId?: string;
  podUid?: string;
}

/** For the registry of one image. */
export interface RegistryCredential {
  username: string;
  password: string;
}

export interface PullOptions {
  /** undefined: those of the node, or none. */
  credential?: RegistryCredential;
  /** How much has come, in words; not every runtime tells. */
  onProgress?: (come: string) => void;
}

export interface ExecResult {
  exitCode: number;
  stdout: Uint8Array;
  stderr: Uint8Array;
}

/** A running exec or attach. Streams exist only when they were asked for; with a tty stderr is part of stdout. */
export interface ExecSession {
  stdin?: NodeJS.WritableStream;
  stdout?: NodeJS.ReadableStream;
  stderr?: NodeJS.ReadableStream;
  resize(columns: number, rows: number): void;
  /** The exit code; rejects with RuntimeError when it could not run. */
  exit: Promise<number>;
  /** Ends the session (an attach leaves the container running). */
  close(): void;
}

export interface StreamOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** The runtime refused or failed. `reason` is the kubelet's word for it (ErrImagePull, RunContainerError …). */
export class RuntimeError extends Error {
  readonly reason: string;
  constructor(reason: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'RuntimeError';
    this.reason = reason;
  }
}

export interface SandboxRuntime {
  runSandbox(config: SandboxConfig): Promise<Sandbox>;
  /** Stops what runs in it and gives its network back; idempotent. */
  stopSandbox(id: string): Promise<void>;
  removeSandbox(id: string): Promise<void>;
  listSandboxes(): Promise<Sandbox[]>;
}

export interface ContainerRuntime {
  createContainer(config: ContainerConfig): Promise<string>;
  /** Resolves when its process runs. */
  startContainer(id: string): Promise<void>;
  /** Stop signal, then SIGKILL after `graceSeconds`; idempotent; resolves when it has ended. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  listContainers(): Promise<ContainerStatus[]>;
  containerStatus(id: string): Promise<ContainerStatus | undefined>;
  /** Changes the limits of a container that is created or running; the running one's at once. */
  updateContainer(id: string, resources: ContainerResources): Promise<void>;
}

export interface StatsRuntime {
  /** Of every running container; without `writableLayers` a driver may leave those out, which take time to count. */
  listContainerStats(what?: { writableLayers: boolean }): Promise<ContainerStats[]>;
  imageFilesystem(): Promise<ImageFilesystem>;
}

export interface StreamRuntime {
  execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult>;
  exec(id: string, command: readonly string[], options: StreamOptions): Promise<ExecSession>;
  attach(id: string, options: StreamOptions): Promise<ExecSession>;
  /** A connection to a port on the sandbox's own loopback. */
  portForward(sandboxId: string, port: number): Promise<Duplex>;
}

export interface ImageRuntime {
  imageStatus(reference: string): Promise<ImageStatus | undefined>;
  pullImage(reference: string, options?: PullOptions): Promise<void>;
  listImages(): Promise<ImageStatus[]>;
  removeImage(reference: string): Promise<void>;
  /** Loads an OCI or docker archive; resolves with the references in it. */
  loadImages(archive: string): Promise<string[]>;
}

export interface RuntimeHealth {
  /** Why the runtime cannot be worked with now, as a node's condition says it; undefined: it can. */
  problem(): string | undefined;
  /** Calls when that has changed; returns how to end it. */
  onProblem(listener: () => void): () => void;
}

export interface Runtime
  extends RuntimeHealth,
    SandboxRuntime,
    ContainerRuntime,
    StatsRuntime,
    StreamRuntime,
    ImageRuntime {
  readonly name: string;
  /** What runs the containers, as their ids in statuses are told with: containerd, podman; '' until it has answered. */
  engine(): string;
  /** Name and version as node status has them: containerd://2.1.0 */
  version(): Promise<string>;
  /** Every change of a container, as the runtime reports it; ends with the signal. */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
  /** Tells the full name of every image that comes or changes, when it can be run; returns how to end it. */
  onImage(listener: (reference: string) => void): () => void;
}
