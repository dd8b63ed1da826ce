// Messages of pod sandboxes in k8s.io/cri-api/pkg/apis/runtime/v1/api.proto. Constants bear the messages' own names; a
// test holds their fields against upstream's file. Fields that are not used are left out.
import { choice, flag, integer, many, map, message, one, text } from '../../../../grpc/message.ts';

export const NAMESPACE_MODES = ['POD', 'CONTAINER', 'NODE', 'TARGET'] as const;

export const Int64Value = message({ value: integer(1) });

export const IDMapping = message({ hostId: integer(1), containerId: integer(2), length: integer(3) });

export const UserNamespace = message({
  mode: choice(1, NAMESPACE_MODES),
  uids: many(2, IDMapping),
  gids: many(3, IDMapping),
});

export const NamespaceOption = message({
  network: choice(1, NAMESPACE_MODES),
  pid: choice(2, NAMESPACE_MODES),
  ipc: choice(3, NAMESPACE_MODES),
  targetId: text(4),
  usernsOptions: one(5, UserNamespace),
});

export const SecurityProfile = message({
  profileType: choice(1, ['RuntimeDefault', 'Unconfined', 'Localhost']),
  localhostRef: text(2),
});

export const SELinuxOption = message({ user: text(1), role: text(2), type: text(3), level: text(4) });

export const LinuxSandboxSecurityContext = message({
  namespaceOptions: one(1, NamespaceOption),
  privileged: flag(6),
  seccomp: one(9, SecurityProfile),
});

export const LinuxPodSandboxConfig = message({
  cgroupParent: text(1),
  securityContext: one(2, LinuxSandboxSecurityContext),
  sysctls: map(3),
});

export const PodSandboxMetadata = message({ name: text(1), uid: text(2), namespace: text(3), attempt: integer(4) });

export const PortMapping = message({
  protocol: choice(1, ['TCP', 'UDP', 'SCTP']),
  containerPort: integer(2),
  hostPort: integer(3),
  hostIp: text(4),
});

export const PodSandboxConfig = message({
  metadata: one(1, PodSandboxMetadata),
  hostname: text(2),
  logDirectory: text(3),
  portMappings: many(5, PortMapping),
  labels: map(6),
  annotations: map(7),
  linux: one(8, LinuxPodSandboxConfig),
});

const SANDBOX_STATES = ['SANDBOX_READY', 'SANDBOX_NOTREADY'] as const;

export const PodIP = message({ ip: text(1) });
export const PodSandboxNetworkStatus = message({ ip: text(1), additionalIps: many(2, PodIP) });

export const PodSandboxStatus = message({
  id: text(1),
  metadata: one(2, PodSandboxMetadata),
  state: choice(3, SANDBOX_STATES),
  createdAt: integer(4),
  network: one(5, PodSandboxNetworkStatus),
  labels: map(7),
  annotations: map(8),
});

export const PodSandbox = message({ id: text(1), state: choice(3, SANDBOX_STATES), labels: map(5) });
export const PodSandboxFilter = message({ labelSelector: map(3) });

export const RunPodSandboxRequest = message({ config: one(1, PodSandboxConfig), runtimeHandler: text(2) });
export const RunPodSandboxResponse = message({ podSandboxId: text(1) });
export const StopPodSandboxRequest = message({ podSandboxId: text(1) });
export const StopPodSandboxResponse = message({});
export const RemovePodSandboxRequest = message({ podSandboxId: text(1) });
export const RemovePodSandboxResponse = message({});
export const PodSandboxStatusRequest = message({ podSandboxId: text(1) });
export const PodSandboxStatusResponse = message({ status: one(1, PodSandboxStatus) });
export const ListPodSandboxRequest = message({ filter: one(1, PodSandboxFilter) });
export const ListPodSandboxResponse = message({ items: many(1, PodSandbox) });
