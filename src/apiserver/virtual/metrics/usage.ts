// Two summaries of a kubelet → what is used between them, as a metrics-server tells it (metrics-server pkg/storage,
// pkg/api). Pure.
import { formatQuantity, quantityOf } from '../../../apimachinery/quantity.ts';

/** The part of k8s.io/kubelet/pkg/apis/stats/v1alpha1 that is asked for. */
export interface Summary {
  node: Used;
  pods: { podRef: { name: string; namespace: string; uid: string }; containers?: (Used & { name: string })[] }[];
}

export interface Used {
  cpu?: { time: string; usageCoreNanoSeconds?: number };
  memory?: { time: string; workingSetBytes?: number };
}

export interface Usage {
  /** When the second one was read. */
  timestamp: string;
  /** Between the two, as Go writes a duration. */
  window: string;
  usage: { cpu: string; memory: string };
}

/** undefined: not in both, or its counter began anew. */
export function usageBetween(before: Used | undefined, after: Used | undefined): Usage | undefined {
  const [from, to] = [before?.cpu, after?.cpu];
  const memory = after?.memory?.workingSetBytes;
  if (from?.usageCoreNanoSeconds === undefined || to?.usageCoreNanoSeconds === undefined) return undefined;
  if (memory === undefined) return undefined;
  const ms = Date.parse(to.time) - Date.parse(from.time);
  const used = to.usageCoreNanoSeconds - from.usageCoreNanoSeconds;
  if (ms <= 0 || used < 0) return undefined;
  return {
    timestamp: `${to.time.slice(0, 19)}Z`,
    window: `${ms / 1000}s`,
    usage: { cpu: `${Math.round((used / ms) * 1000)}n`, memory: kibibytes(memory) },
  };
}

export interface PodUsage extends Omit<Usage, 'usage'> {
  containers: { name: string; usage: Usage['usage'] }[];
}

/** Of a pod all of whose containers were there before; a metrics-server leaves out others, too. */
export function podUsageBetween(before: Summary, after: Summary, uid: string): PodUsage | undefined {
  const containersOf = (summary: Summary) => summary.pods.find(({ podRef }) => podRef.uid === uid)?.containers;
  const [earlier, later] = [containersOf(before), containersOf(after)];
  if (!earlier || !later || later.length === 0) return undefined;
  const found = later.flatMap((one) => {
    const usage = usageBetween(
      earlier.find(({ name }) => name === one.name),
      one,
    );
    return usage ? [{ name: one.name, ...usage }] : [];
  });
  const [first] = found;
  if (!first || found.length < later.length) return undefined;
  const { timestamp, window } = first;
  return { timestamp, window, containers: found.map(({ name, usage }) => ({ name, usage })) };
}

const kibibytes = (bytes: number): string => formatQuantity(quantityOf(Math.floor(bytes / 1024) * 1024, 'BinarySI'));
