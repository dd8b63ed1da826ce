// The Node as the kubelet writes it: labels, capacity, addresses, conditions (pkg/kubelet/nodestatus/setters.go). Pure.
import { isExtendedResource } from '../../api/quota/extended-resources.ts';
import type { ContainerImage, Node, NodeAddress, NodeCondition, NodeStatus } from '../../api/types/core/v1.ts';
import type { KubeObject } from '../../apimachinery/meta.ts';
import { KUBERNETES_VERSION, PRODUCT } from '../../constants.ts';
import type { PressureCondition } from '../eviction/thresholds.ts';
import { allocatableOf, capacityOf } from './allocatable.ts';
import type { Machine } from './machine.ts';
import type { NodeSettings } from './node-settings.ts';

const MAX_IMAGES = 50;
/** MaxNamesPerImageInNodeStatus */
const MAX_NAMES = 5;

export interface NodeInput {
  nodeName: string;
  addresses: readonly string[];
  port: number;
  machine: Machine;
  /** As nodeInfo has it: containerd://2.1.0 */
  runtimeVersion: string;
  podCidr?: string;
  settings: NodeSettings;
  /** What the node is short of. */
  pressures?: ReadonlySet<PressureCondition>;
  /** Why it takes no more pods, as the condition Ready says; undefined: it does. */
  notReady?: string | undefined;
  /** Labels from the configuration. */
  labels: Readonly<Record<string, string>>;
}

export function nodeLabels(input: NodeInput): Record<string, string> {
  const { architecture } = input.machine;
  return {
    'beta.kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': architecture,
    'kubernetes.io/hostname': input.nodeName,
    'kubernetes.io/os': 'linux',
    ...input.labels,
  };
}

export function nodeObject(input: NodeInput): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: input.nodeName,
      labels: nodeLabels(input),
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: input.podCidr ? { podCIDR: input.podCidr, podCIDRs: [input.podCidr] } : {},
  };
}

/** What Events of the kubelet about its node refer to; the uid is the name, as `kubectl describe node` looks for it. */
export const nodeReference = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, uid: name },
});

export function nodeStatus(
  input: NodeInput,
  at: { now: string; ready: { ok: boolean; message?: string }; images: readonly ContainerImage[]; old?: NodeStatus },
): NodeStatus {
  const { machine } = input;
  const version = `v${KUBERNETES_VERSION}+${PRODUCT}`;
  const addresses: NodeAddress[] = [
    ...input.addresses.map((address) => ({ type: 'InternalIP', address })),
    { type: 'Hostname', address: input.nodeName },
  ];
  return {
    capacity: capacityOf(machine, input.settings),
    allocatable: allocatableOf(machine, input.settings),
    conditions: conditionsOf(input, at),
    addresses,
    daemonEndpoints: { kubeletEndpoint: { Port: input.port } },
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: input.runtimeVersion,
      kubeletVersion: version,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: machine.architecture,
    },
    images: at.images
      .toSorted((a, b) => (b.sizeBytes ?? 0) - (a.sizeBytes ?? 0))
      .slice(0, MAX_IMAGES)
      .map(({ names = [], ...rest }) => ({ names: names.slice(0, MAX_NAMES), ...rest })),
  };
}

/**
 * What somebody else has written into a node's capacity is given out whole; null: it is there no more. undefined: all that
 * is known already.
 */
export function extendedAllocatable({
  capacity = {},
  allocatable = {},
}: NodeStatus): Record<string, string | null> | undefined {
  const names = Object.keys({ ...capacity, ...allocatable }).filter(isExtendedResource);
  const changed = names.filter((name) => capacity[name] !== allocatable[name]);
  return changed.length === 0 ? undefined : Object.fromEntries(changed.map((name) => [name, capacity[name] ?? null]));
}

/** Words of a condition: what holds when it does, what otherwise. */
const PRESSURES = {
  MemoryPressure: [
    ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
    ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ],
  DiskPressure: [
    ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
    ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ],
  PIDPressure: [
    ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
    ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  ],
} as const;

function conditionsOf(
  { pressures, notReady }: Pick<NodeInput, 'pressures' | 'notReady'>,
  at: { now: string; ready: { ok: boolean; message?: string }; old?: NodeStatus },
): NodeCondition[] {
  const problem = notReady ?? (at.ready.ok ? undefined : (at.ready.message ?? 'container runtime is down'));
  const told: [type: string, status: string, reason: string, message: string][] = [
    ...(Object.keys(PRESSURES) as PressureCondition[]).map((type): (typeof told)[number] => {
      const isShort = pressures?.has(type) ?? false;
      const [reason, message] = PRESSURES[type][isShort ? 0 : 1];
      return [type, isShort ? 'True' : 'False', reason, message];
    }),
    problem === undefined
      ? ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status']
      : ['Ready', 'False', 'KubeletNotReady', problem],
  ];
  return told.map(([type, status, reason, message]) => {
    const before = at.old?.conditions?.find((c) => c.type === type);
    const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? at.now) : at.now;
    return { type, status, lastHeartbeatTime: at.now, lastTransitionTime, reason, message };
  });
}
