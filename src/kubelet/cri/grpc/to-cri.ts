// The kubelet's configurations → the CRI's messages. Pure. Where a choice is upstream's it is from pkg/kubelet/kuberuntime:
// kuberuntime_sandbox_linux.go, kuberuntime_container_linux.go, security_context.go and util.go.
import type { Written } from '../../../grpc/message.ts';
import {
  LABEL_CONTAINER,
  LABEL_IMAGE,
  LABEL_INSTANCE,
  LABEL_POD,
  LABEL_POD_NAMESPACE,
  LABEL_POD_UID,
  LABEL_SANDBOX,
} from '../labels.ts';
import type { ContainerConfig, ContainerResources, Mount, SandboxConfig } from '../runtime.ts';
import type * as container from './messages/container.ts';
import type * as sandbox from './messages/sandbox.ts';

type PodSandboxConfig = Written<typeof sandbox.PodSandboxConfig>;

export interface SandboxPlace {
  /** Of the pod's logs. */
  logDirectory: string;
  /** Where the pod's cgroup is when its configuration does not say. */
  cgroupParent: string;
  /** Tells the sandboxes of this kubelet from others' in the same runtime. */
  instance: string;
}

/** The configuration itself: the runtime wants it again with every container, also after a restart of ours. */
export const ANNOTATION_CONFIG = 'io.tsukube/config';

export const podLabels = ({ namespace, name, uid }: SandboxConfig['pod'], instance: string) => ({
  [LABEL_POD]: name,
  [LABEL_POD_NAMESPACE]: namespace,
  [LABEL_POD_UID]: uid,
  [LABEL_INSTANCE]: instance,
});

export function podSandboxConfig(config: SandboxConfig, place: SandboxPlace): PodSandboxConfig {
  const { pod, network, userNamespace } = config;
  return {
    metadata: { ...pod, attempt: config.attempt },
    ...(network ? { hostname: config.hostname } : {}), // the host's own name in its network
    logDirectory: place.logDirectory,
    portMappings: (network?.portMappings ?? []).map(({ hostIP, ...mapping }) => ({ ...mapping, hostIp: hostIP })),
    labels: podLabels(pod, place.instance),
    annotations: { [ANNOTATION_CONFIG]: JSON.stringify(config) },
    linux: {
      cgroupParent: config.cgroupParent ?? place.cgroupParent,
      sysctls: config.sysctls,
      securityContext: {
        privileged: config.privileged ?? false,
        seccomp: { profileType: 'RuntimeDefault' },
        namespaceOptions: {
          network: network ? 'POD' : 'NODE',
          pid: config.hostPID ? 'NODE' : config.shareProcessNamespace ? 'POD' : 'CONTAINER',
          ipc: config.hostIPC ? 'NODE' : 'POD',
          ...(userNamespace ? { usernsOptions: userNamespaceOf(userNamespace) } : {}),
        },
      },
    },
  };
}

function userNamespaceOf({ hostId, length }: NonNullable<SandboxConfig['userNamespace']>) {
  const mapping = [{ hostId, containerId: 0, length }];
  return { mode: 'POD', uids: mapping, gids: mapping } as const;
}

const PROPAGATION = {
  private: 'PROPAGATION_PRIVATE',
  rslave: 'PROPAGATION_HOST_TO_CONTAINER',
  rshared: 'PROPAGATION_BIDIRECTIONAL',
} as const;

const mountOf = ({ hostPath, image, containerPath, readOnly, recursiveReadOnly, propagation = 'private' }: Mount) => ({
  hostPath,
  ...(image ? { image: { image: image.reference }, imageSubPath: image.subPath } : {}),
  containerPath,
  readonly: readOnly,
  recursiveReadOnly,
  propagation: PROPAGATION[propagation],
});

const CPU_PERIOD_MICROSECONDS = 100_000;

export interface Host {
  /** Lowest oom_score_adj that the runtime may give. */
  minOomScoreAdj: number;
  /** The kernel accounts swap to control groups. */
  accountsSwap: boolean;
}

export function linuxResources(
  { cpuShares, cpuQuota, memoryLimitBytes, oomScoreAdj, unified }: ContainerResources,
  host: Host,
): Written<typeof container.LinuxContainerResources> {
  return {
    cpuShares,
    ...(cpuQuota ? { cpuQuota, cpuPeriod: CPU_PERIOD_MICROSECONDS } : {}),
    memoryLimitInBytes: memoryLimitBytes,
    // equal to the memory: no swap on top
    ...(host.accountsSwap ? { memorySwapLimitInBytes: memoryLimitBytes } : {}),
    oomScoreAdj: oomScoreAdj === undefined ? undefined : Math.max(oomScoreAdj, host.minOomScoreAdj),
    unified,
  };
}

/** The user of the image: a number, or a name that only the runtime can look up. */
export type ImageUser = { uid: number } | { name: string };

export interface ContainerPlace {
  sandbox: PodSandboxConfig;
  host: Host;
  /** Below the log directory of the sandbox. */
  logPath: string;
  imageUser: ImageUser;
}

export function containerConfig(
  config: ContainerConfig,
  { sandbox, host, logPath, imageUser }: ContainerPlace,
): Written<typeof container.ContainerConfig> {
  return {
    metadata: { name: config.name, attempt: config.attempt },
    image: { image: config.image },
    command: config.command,
    args: config.args,
    workingDir: config.workingDir,
    envs: config.env.map(({ name, value }) => ({ key: name, value: Buffer.from(value) })),
    mounts: config.mounts.map(mountOf),
    devices: config.devices,
    labels: {
      ...config.labels,
      ...sandbox.labels,
      [LABEL_CONTAINER]: config.name,
      [LABEL_SANDBOX]: config.sandboxId,
      [LABEL_IMAGE]: config.image,
    },
    logPath,
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    stopSignal: config.stopSignal,
    linux: {
      resources: linuxResources(config.resources, host),
      securityContext: securityContext(config, sandbox, imageUser),
    },
  };
}

function namespacesOf(sandbox: PodSandboxConfig, processesOf: string | undefined) {
  const shared = sandbox.linux?.securityContext?.namespaceOptions;
  if (processesOf === undefined || shared?.pid !== 'CONTAINER') return shared;
  return { ...shared, pid: 'TARGET' as const, targetId: processesOf };
}

function securityContext(
  { security, processesOf }: ContainerConfig,
  sandbox: PodSandboxConfig,
  imageUser: ImageUser,
): Written<typeof container.LinuxContainerSecurityContext> {
  const { runAsUser, runAsGroup, privileged } = security;
  return {
    privileged,
    capabilities: { addCapabilities: security.addCapabilities, dropCapabilities: security.dropCapabilities },
    namespaceOptions: namespacesOf(sandbox, processesOf),
    ...userOf(runAsUser, imageUser),
    ...(runAsGroup === undefined ? {} : { runAsGroup: { value: runAsGroup } }),
    readonlyRootfs: security.readOnlyRootFilesystem,
    supplementalGroups: security.supplementalGroups,
    supplementalGroupsPolicy: security.onlyThoseGroups ? 'Strict' : 'Merge',
    noNewPrivs: security.noNewPrivileges,
    ...(privileged || security.unmaskedProc ? {} : { maskedPaths: MASKED_PATHS, readonlyPaths: READONLY_PATHS }),
    selinuxOptions: security.selinux,
    seccomp: profileOf(security.seccomp),
    ...(security.appArmor === undefined ? {} : { apparmor: profileOf(security.appArmor) }),
  };
}

/** A group is refused without a user: the image's own is always said. */
function userOf(runAsUser: number | undefined, imageUser: ImageUser) {
  if (runAsUser !== undefined) return { runAsUser: { value: runAsUser } };
  return 'uid' in imageUser ? { runAsUser: { value: imageUser.uid } } : { runAsUsername: imageUser.name };
}

function profileOf(profile: ContainerConfig['security']['seccomp']): Written<typeof sandbox.SecurityProfile> {
  if (typeof profile === 'string') return { profileType: profile };
  return { profileType: 'Localhost', localhostRef: profile.localhostProfile };
}

/** procMount: Default. pkg/securitycontext/util.go */
const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];
