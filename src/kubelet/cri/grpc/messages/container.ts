// Messages of containers in k8s.io/cri-api/pkg/apis/runtime/v1/api.proto; see sandbox.ts.
import {
  bytes,
  choice,
  flag,
  integer,
  integers,
  many,
  map,
  message,
  one,
  text,
  texts,
} from '../../../../grpc/message.ts';
import { ImageSpec } from './image.ts';
import {
  Int64Value,
  NamespaceOption,
  PodSandboxConfig,
  PodSandboxStatus,
  SELinuxOption,
  SecurityProfile,
} from './sandbox.ts';

/** By number: enum Signal. */
export const SIGNALS = [
  'RUNTIME_DEFAULT',
  ...['ABRT', 'ALRM', 'BUS', 'CHLD', 'CLD', 'CONT', 'FPE', 'HUP', 'ILL', 'INT', 'IO', 'IOT', 'KILL', 'PIPE', 'POLL'],
  ...['PROF', 'PWR', 'QUIT', 'SEGV', 'STKFLT', 'STOP', 'SYS', 'TERM', 'TRAP', 'TSTP', 'TTIN', 'TTOU', 'URG', 'USR1'],
  ...['USR2', 'VTALRM', 'WINCH', 'XCPU', 'XFSZ', 'RTMIN'],
  ...Array.from({ length: 15 }, (_, index) => `RTMINPLUS${index + 1}`),
  ...Array.from({ length: 14 }, (_, index) => `RTMAXMINUS${14 - index}`),
  'RTMAX',
].map((name, number) => (number === 0 ? name : `SIG${name}`));

export const KeyValue = message({ key: text(1), value: bytes(2) });

export const Mount = message({
  containerPath: text(1),
  hostPath: text(2),
  readonly: flag(3),
  recursiveReadOnly: flag(8),
  image: one(9, ImageSpec),
  imageSubPath: text(10),
  propagation: choice(5, ['PROPAGATION_PRIVATE', 'PROPAGATION_HOST_TO_CONTAINER', 'PROPAGATION_BIDIRECTIONAL']),
});

export const Device = message({ containerPath: text(1), hostPath: text(2), permissions: text(3) });

export const LinuxContainerResources = message({
  cpuPeriod: integer(1),
  cpuQuota: integer(2),
  cpuShares: integer(3),
  memoryLimitInBytes: integer(4),
  oomScoreAdj: integer(5),
  unified: map(9),
  memorySwapLimitInBytes: integer(10),
});

export const Capability = message({ addCapabilities: texts(1), dropCapabilities: texts(2) });

export const LinuxContainerSecurityContext = message({
  capabilities: one(1, Capability),
  privileged: flag(2),
  namespaceOptions: one(3, NamespaceOption),
  selinuxOptions: one(4, SELinuxOption),
  runAsUser: one(5, Int64Value),
  runAsGroup: one(12, Int64Value),
  runAsUsername: text(6),
  readonlyRootfs: flag(7),
  supplementalGroups: integers(8),
  supplementalGroupsPolicy: choice(17, ['Merge', 'Strict']),
  noNewPrivs: flag(11),
  maskedPaths: texts(13),
  readonlyPaths: texts(14),
  seccomp: one(15, SecurityProfile),
  apparmor: one(16, SecurityProfile),
});

export const LinuxContainerConfig = message({
  resources: one(1, LinuxContainerResources),
  securityContext: one(2, LinuxContainerSecurityContext),
});

export const ContainerMetadata = message({ name: text(1), attempt: integer(2) });

export const ContainerConfig = message({
  metadata: one(1, ContainerMetadata),
  image: one(2, ImageSpec),
  command: texts(3),
  args: texts(4),
  workingDir: text(5),
  envs: many(6, KeyValue),
  mounts: many(7, Mount),
  devices: many(8, Device),
  labels: map(9),
  logPath: text(11),
  stdin: flag(12),
  stdinOnce: flag(13),
  tty: flag(14),
  linux: one(15, LinuxContainerConfig),
  stopSignal: choice(18, SIGNALS),
});

const CONTAINER_STATES = ['CONTAINER_CREATED', 'CONTAINER_RUNNING', 'CONTAINER_EXITED', 'CONTAINER_UNKNOWN'] as const;

export const ContainerResources = message({ linux: one(1, LinuxContainerResources) });

export const LinuxContainerUser = message({ uid: integer(1), gid: integer(2), supplementalGroups: integers(3) });
export const ContainerUser = message({ linux: one(1, LinuxContainerUser) });

export const ContainerStatus = message({
  id: text(1),
  metadata: one(2, ContainerMetadata),
  state: choice(3, CONTAINER_STATES),
  createdAt: integer(4),
  startedAt: integer(5),
  finishedAt: integer(6),
  exitCode: integer(7),
  image: one(8, ImageSpec),
  imageRef: text(9),
  reason: text(10),
  message: text(11),
  labels: map(12),
  logPath: text(15),
  resources: one(16, ContainerResources),
  user: one(18, ContainerUser),
});

export const Container = message({ id: text(1), podSandboxId: text(2), state: choice(6, CONTAINER_STATES) });
export const ContainerFilter = message({ labelSelector: map(4) });

export const CreateContainerRequest = message({
  podSandboxId: text(1),
  config: one(2, ContainerConfig),
  sandboxConfig: one(3, PodSandboxConfig),
});
export const CreateContainerResponse = message({ containerId: text(1) });
export const StartContainerRequest = message({ containerId: text(1) });
export const StartContainerResponse = message({});
export const StopContainerRequest = message({ containerId: text(1), timeout: integer(2) });
export const StopContainerResponse = message({});
export const RemoveContainerRequest = message({ containerId: text(1) });
export const RemoveContainerResponse = message({});
export const ListContainersRequest = message({ filter: one(1, ContainerFilter) });
export const ListContainersResponse = message({ containers: many(1, Container) });
export const ContainerStatusRequest = message({ containerId: text(1) });
export const ContainerStatusResponse = message({ status: one(1, ContainerStatus) });
export const UpdateContainerResourcesRequest = message({
  containerId: text(1),
  linux: one(2, LinuxContainerResources),
});
export const UpdateContainerResourcesResponse = message({});
export const ReopenContainerLogRequest = message({ containerId: text(1) });
export const ReopenContainerLogResponse = message({});

export const ExecSyncRequest = message({ containerId: text(1), cmd: texts(2), timeout: integer(3) });
export const ExecSyncResponse = message({ stdout: bytes(1), stderr: bytes(2), exitCode: integer(3) });
export const ExecRequest = message({
  containerId: text(1),
  cmd: texts(2),
  tty: flag(3),
  stdin: flag(4),
  stdout: flag(5),
  stderr: flag(6),
});
export const ExecResponse = message({ url: text(1) });
export const AttachRequest = message({
  containerId: text(1),
  stdin: flag(2),
  tty: flag(3),
  stdout: flag(4),
  stderr: flag(5),
});
export const AttachResponse = message({ url: text(1) });
export const PortForwardRequest = message({ podSandboxId: text(1), port: integers(2) });
export const PortForwardResponse = message({ url: text(1) });

export const GetEventsRequest = message({});
export const ContainerEventResponse = message({
  containerId: text(1),
  containerEventType: choice(2, [
    'CONTAINER_CREATED_EVENT',
    'CONTAINER_STARTED_EVENT',
    'CONTAINER_STOPPED_EVENT',
    'CONTAINER_DELETED_EVENT',
  ]),
  podSandboxStatus: one(4, PodSandboxStatus),
  containersStatuses: many(5, ContainerStatus),
});
