// The Node as the kubelet writes it: labels, capacity, addresses, conditions (pkg/kubelet/nodestatus/setters.go). Pure.
import type { ContainerImage, Node, NodeAddress, NodeCondition, NodeStatus } from '../../api/types/core/v1.ts';
import { KUBERNETES_VERSION, PRODUCT } from '../../constants.ts';
import type { Machine } from './machine.ts';

/** Kept for the system before memory is said to be short (evictionHard memory.available). */
const MEMORY_RESERVE = 100 * 1024 * 1024;
/** evictionHard nodefs.available */
const DISK_RESERVE = 0.1;
const MAX_IMAGES = 50;

export interface NodeInput {
  nodeName: string;
  addresses: readonly string[];
  port: number;
  machine: Machine;
  /** As nodeInfo has it: containerd://2.1.0 */
  runtimeVersion: string;
  podCidr?: string;
  maxPods: number;
  /** Labels from the configuration. */
  labels: Readonly<Record<string, string>>;
}

const ki = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

export function nodeLabels(input: NodeInput): Record<string, string> {
  const { architecture, hostname } = input.machine;
  return {
    'beta.kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': architecture,
    'kubernetes.io/hostname': hostname.toLowerCase(),
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

export const capacityOf = (machine: Machine, maxPods: number): Record<string, string> => ({
  cpu: String(machine.cpus),
  'ephemeral-storage': ki(machine.diskBytes),
  'hugepages-1Gi': '0',
  'hugepages-2Mi': '0',
  memory: ki(machine.memoryBytes),
  pods: String(maxPods),
});

export const allocatableOf = (machine: Machine, maxPods: number) => ({
  ...capacityOf(machine, maxPods),
  cpu: String(machine.cpus),
  'ephemeral-storage': String(Math.floor(machine.diskBytes * (1 - DISK_RESERVE))),
  memory: ki(Math.max(0, machine.memoryBytes - MEMORY_RESERVE)),
});

export function nodeStatus(
  input: NodeInput,
  at: { now: string; ready: { ok: boolean; message?: string }; images: readonly ContainerImage[]; old?: NodeStatus },
): NodeStatus {
  const { machine } = input;
  const version = `v${KUBERNETES_VERSION}+${PRODUCT}`;
  const addresses: NodeAddress[] = [
    ...input.addresses.map((address) => ({ type: 'InternalIP', address })),
    { type: 'Hostname', address: machine.hostname },
  ];
  return {
    capacity: capacityOf(machine, input.maxPods),
    allocatable: allocatableOf(machine, input.maxPods),
    conditions: conditionsOf(at),
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
    images: at.images.toSorted((a, b) => (b.sizeBytes ?? 0) - (a.sizeBytes ?? 0)).slice(0, MAX_IMAGES),
  };
}

function conditionsOf(at: {
  now: string;
  ready: { ok: boolean; message?: string };
  old?: NodeStatus;
}): NodeCondition[] {
  const told: [type: string, status: string, reason: string, message: string][] = [
    ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    at.ready.ok
      ? ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status']
      : ['Ready', 'False', 'KubeletNotReady', at.ready.message ?? 'container runtime is down'],
  ];
  return told.map(([type, status, reason, message]) => {
    const before = at.old?.conditions?.find((c) => c.type === type);
    const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? at.now) : at.now;
    return { type, status, lastHeartbeatTime: at.now, lastTransitionTime, reason, message };
  });
}
