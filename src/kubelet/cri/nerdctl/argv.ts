// Container configuration → the arguments of nerdctl, and of podman and docker, which take the same. Pure; the golden
// files of its test are the argument lists.
import { createHash } from 'node:crypto';
import { withoutNeedlessTag } from '../image-reference.ts';
import {
  ANNOTATION_GROUP,
  ANNOTATION_GROUPS,
  ANNOTATION_IPC,
  LABEL_ATTEMPT,
  LABEL_CONSOLE,
  LABEL_CONSOLE_STREAMS,
  LABEL_CONTAINER,
  LABEL_IMAGE,
  LABEL_IMAGE_ID,
  LABEL_LOG,
  LABEL_POD,
  LABEL_POD_NAMESPACE,
  LABEL_POD_UID,
  LABEL_PROCESSES_OF,
  LABEL_SANDBOX,
  LABEL_STOP_SIGNAL,
} from '../labels.ts';
import type { ContainerConfig, ContainerResources, ImageStatus, Mount, SandboxConfig } from '../runtime.ts';
import { type ConsoleSettings, consoleStreams } from './console.ts';
import type { SandboxRecord } from './records.ts';

export interface CreateContext {
  sandbox: SandboxRecord;
  image: ImageStatus;
  /** Arguments of `create` that the program needs whatever the container is. */
  ownArgs: readonly string[];
  console: ConsoleSettings;
  logPath: string;
  /** Lowest oom_score_adj that this process may give; lower ones are left out. */
  minOomScoreAdj: number;
}

const CPU_PERIOD_MICROSECONDS = '100000';

/** Arguments of `nerdctl` that create, but do not start, the container. */
export function createArgs(config: ContainerConfig, context: CreateContext): string[] {
  const { sandbox } = context;
  return [
    'create',
    '--name',
    containerName(config, sandbox),
    '--pull',
    'never',
    ...context.ownArgs,
    ...namespaceArgs(config, sandbox),
    ...labelArgs(config, context),
    ...(hasWrapper(sandbox) ? annotationArgs(config.security, sandbox) : []),
    ...config.env.flatMap(({ name, value }) => ['--env', `${name}=${value}`]),
    ...mountArgs(config, sandbox),
    ...(config.devices ?? []).flatMap((d) => ['--device', `${d.hostPath}:${d.containerPath}:${d.permissions}`]),
    ...(config.stdin ? ['--interactive'] : []),
    ...(config.tty ? ['--tty'] : []),
    ...(config.workingDir ? ['--workdir', config.workingDir] : []),
    ...(config.stopSignal ? ['--stop-signal', config.stopSignal] : []),
    ...resourceArgs(config, context),
    ...securityArgs(config, context),
    ...commandArgs(config),
  ];
}

/** Unique per attempt, readable in `nerdctl ps`; at most 76 bytes as containerd's identifiers are. */
export function containerName(config: ContainerConfig, sandbox: SandboxRecord): string {
  const unique = createHash('sha256').update(`${sandbox.id}/${config.name}/${config.attempt}`).digest('hex');
  return `${`k8s_${config.name}_${sandbox.pod.name}`.slice(0, 63)}_${unique.slice(0, 12)}`;
}

/** A container that sees the processes of another joins that one's namespace, unless the whole pod shares one. */
const targetOf = ({ processesOf }: ContainerConfig, { config, pidHolder }: SandboxRecord): string | undefined =>
  config.hostPID ? undefined : (pidHolder ?? processesOf);

function namespaceArgs(container: ContainerConfig, sandbox: SandboxRecord): string[] {
  const { config } = sandbox;
  const target = targetOf(container, sandbox);
  return [
    '--cgroup-parent',
    `/${sandbox.cgroup}`,
    ...(sandbox.holder === undefined ? joinedByPath(sandbox) : joinedByHolder(sandbox.holder, sandbox)),
    ...(config.hostIPC ? ['--ipc', 'host'] : []),
    ...(config.hostPID ? ['--pid', 'host'] : []),
    ...(target === undefined ? [] : ['--pid', `container:${target}`]),
    ...(sandbox.holder === undefined ? sysctlArgs(config) : []),
  ];
}

export const sysctlArgs = ({ sysctls }: SandboxConfig): string[] =>
  Object.entries(sysctls).flatMap(([name, value]) => ['--sysctl', `${name}=${value}`]);

const joinedByPath = ({ netns, config }: SandboxRecord): string[] => [
  '--network',
  netns === undefined ? 'host' : `ns:${netns}`,
  ...(netns === undefined ? [] : ['--hostname', config.hostname]),
];

/** The host's name and kernel settings are the holder's. */
const joinedByHolder = (holder: string, { netns, config }: SandboxRecord): string[] => [
  '--network',
  netns === undefined ? 'host' : `container:${holder}`,
  ...(config.hostIPC ? [] : ['--ipc', `container:${holder}`]),
];

const labelArgs = (config: ContainerConfig, context: CreateContext): string[] =>
  Object.entries(containerLabels(config, context)).flatMap(([key, value]) => ['--label', `${key}=${value}`]);

/** By which the container is known again. */
export function containerLabels(config: ContainerConfig, context: CreateContext): Record<string, string> {
  const { sandbox, image, console } = context;
  const stopSignal = config.stopSignal ?? image.stopSignal;
  return {
    ...config.labels,
    [LABEL_CONTAINER]: config.name,
    [LABEL_POD]: sandbox.pod.name,
    [LABEL_POD_NAMESPACE]: sandbox.pod.namespace,
    [LABEL_POD_UID]: sandbox.pod.uid,
    [LABEL_SANDBOX]: sandbox.id,
    [LABEL_ATTEMPT]: String(config.attempt),
    [LABEL_IMAGE]: config.image,
    [LABEL_IMAGE_ID]: image.repoDigests[0] ?? image.id,
    ...(stopSignal === undefined ? {} : { [LABEL_STOP_SIGNAL]: stopSignal }),
    ...(config.processesOf === undefined ? {} : { [LABEL_PROCESSES_OF]: config.processesOf }),
    [LABEL_CONSOLE]: console.folder,
    [LABEL_CONSOLE_STREAMS]: consoleStreams(console),
    [LABEL_LOG]: context.logPath,
  };
}

/** For the runc wrapper. */
function annotationArgs(security: ContainerConfig['security'], { ipc }: SandboxRecord): string[] {
  const annotations = {
    ...(ipc === undefined ? {} : { [ANNOTATION_IPC]: ipc }),
    ...(security.runAsGroup === undefined ? {} : { [ANNOTATION_GROUP]: String(security.runAsGroup) }),
    ...(security.onlyThoseGroups
      ? { [ANNOTATION_GROUPS]: security.supplementalGroups.map((group) => `,${group}`).join('') }
      : {}),
  };
  return Object.entries(annotations).flatMap(([name, value]) => ['--annotation', `${name}=${value}`]);
}

function mountArgs(config: ContainerConfig, sandbox: SandboxRecord): string[] {
  const shm: Mount[] =
    sandbox.shm === undefined || config.mounts.some((m) => m.containerPath === '/dev/shm')
      ? []
      : [{ hostPath: sandbox.shm, containerPath: '/dev/shm', readOnly: false }];
  // What is mounted inside another volume comes after it, or would be hidden by it.
  return [...shm, ...config.mounts].toSorted((a, b) => depthOf(a) - depthOf(b)).flatMap(mountArg);
}

const depthOf = ({ containerPath }: Mount): number => containerPath.split('/').filter(Boolean).length;

/** --mount cannot carry a comma and --volume no colon; a path with both is not expressible. */
function mountArg(mount: Mount): string[] {
  const { hostPath, containerPath, readOnly, recursiveReadOnly, propagation, image } = mount;
  if (image) return ['--mount', `type=image,source=${image.reference},target=${containerPath}`];
  const bind = propagation === undefined || propagation === 'private' ? 'rprivate' : propagation;
  const access = recursiveReadOnly ? ['rro'] : readOnly ? ['ro'] : [];
  if (!`${hostPath}${containerPath}`.includes(',')) {
    const options = [
      'type=bind',
      `source=${hostPath}`,
      `target=${containerPath}`,
      `bind-propagation=${bind}`,
      ...access,
    ];
    return ['--mount', options.join(',')];
  }
  return ['--volume', `${hostPath}:${containerPath}:${[bind, ...access].join(',')}`];
}

/** Arguments of `nerdctl` that change the limits of a container. */
export const updateArgs = (id: string, resources: ContainerResources): string[] => [
  'update',
  ...limitArgs(resources),
  id,
];

/** docker runs runc itself, and knows no cgroup files. */
const hasWrapper = ({ holder }: SandboxRecord): boolean => holder === undefined;

function resourceArgs({ resources }: ContainerConfig, { sandbox, minOomScoreAdj }: CreateContext): string[] {
  const { oomScoreAdj, unified = {} } = resources;
  const files = hasWrapper(sandbox) ? Object.entries(unified) : [];
  return [
    ...limitArgs(resources),
    ...files.flatMap(([name, value]) => ['--cgroup-conf', `${name}=${value}`]),
    ...(oomScoreAdj !== undefined && oomScoreAdj >= minOomScoreAdj ? ['--oom-score-adj', String(oomScoreAdj)] : []),
  ];
}

/** What can be changed later, too. */
function limitArgs({ cpuShares, cpuQuota, memoryLimitBytes, pidsLimit }: ContainerResources): string[] {
  return [
    ...(cpuShares ? ['--cpu-shares', String(cpuShares)] : []),
    ...(cpuQuota ? ['--cpu-period', CPU_PERIOD_MICROSECONDS, '--cpu-quota', String(cpuQuota)] : []),
    // equal to --memory: no swap on top, as upstream's kubelet sets it
    ...(memoryLimitBytes ? ['--memory', String(memoryLimitBytes), '--memory-swap', String(memoryLimitBytes)] : []),
    ...(pidsLimit ? ['--pids-limit', String(pidsLimit)] : []),
  ];
}

/** SELinux options have no argument: a host that enforces them needs another driver. */
function securityArgs({ security }: ContainerConfig, context: CreateContext): string[] {
  const { seccomp, appArmor } = security;
  return [
    ...(security.privileged ? ['--privileged'] : []),
    ...(hasWrapper(context.sandbox) ? userArgs(security) : userAndGroupArgs(security, context.image)),
    ...security.supplementalGroups.flatMap((group) => ['--group-add', String(group)]),
    ...security.addCapabilities.flatMap((capability) => ['--cap-add', capability]),
    ...security.dropCapabilities.flatMap((capability) => ['--cap-drop', capability]),
    ...(security.readOnlyRootFilesystem ? ['--read-only'] : []),
    ...(security.noNewPrivileges ? ['--security-opt', 'no-new-privileges'] : []),
    ...(security.privileged || seccomp === 'RuntimeDefault'
      ? []
      : ['--security-opt', `seccomp=${seccomp === 'Unconfined' ? 'unconfined' : seccomp.localhostProfile}`]),
    ...(appArmor === undefined || appArmor === 'RuntimeDefault'
      ? []
      : ['--security-opt', `apparmor=${appArmor === 'Unconfined' ? 'unconfined' : appArmor.localhostProfile}`]),
    ...(security.unmaskedProc ? ['--security-opt', 'systempaths=unconfined'] : []),
  ];
}

/** Without the group: a user with one gets none of those that the image's /etc/group has for him. */
function userArgs({ runAsUser }: ContainerConfig['security']): string[] {
  return runAsUser === undefined ? [] : ['--user', String(runAsUser)];
}

/** Without the wrapper's help: a group given so takes those away that the image has for the user. */
function userAndGroupArgs(
  { runAsUser, runAsGroup }: ContainerConfig['security'],
  { user = '' }: ImageStatus,
): string[] {
  if (runAsGroup === undefined) return runAsUser === undefined ? [] : ['--user', String(runAsUser)];
  return ['--user', `${runAsUser ?? (user.split(':')[0] || 0)}:${runAsGroup}`];
}

/** A command replaces entrypoint and cmd of the image, args only its cmd, as the Kubernetes API says. */
function commandArgs(config: ContainerConfig): string[] {
  const command = config.command ?? [];
  const args = config.args ?? [];
  const [entrypoint, ...rest] = command;
  const image = withoutNeedlessTag(config.image);
  if (entrypoint === undefined) return [image, ...args];
  return ['--entrypoint', entrypoint, image, ...rest, ...args];
}
