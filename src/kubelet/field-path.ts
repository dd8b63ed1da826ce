// Values of the downward API: fieldRef (pkg/fieldpath) and resourceFieldRef (pkg/api/v1/resource). Pure.
import type { Container, Pod, ResourceFieldSelector } from '../api/types/core/v1.ts';
import { parseQuantity } from '../apimachinery/quantity.ts';
import { RuntimeError } from './cri/runtime.ts';
import { findContainer, specOf } from './pod-record.ts';

export interface NodeFacts {
  nodeName: string;
  hostIPs: readonly string[];
  /** For limits that a container does not set. */
  allocatable: { cpu: string; memory: string; 'ephemeral-storage': string };
}

const formatMap = (map: Record<string, string> | undefined): string =>
  Object.entries(map ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');

/** The text of `path`, '' for what is not known yet. Throws RuntimeError CreateContainerConfigError for other paths. */
export function fieldValue(path: string, pod: Pod, facts: { podIPs: readonly string[]; node: NodeFacts }): string {
  const { metadata } = pod;
  const subscript = /^metadata\.(annotations|labels)\['(.*)'\]$/.exec(path);
  if (subscript) return metadata[subscript[1] as 'annotations' | 'labels']?.[subscript[2] as string] ?? '';
  switch (path) {
    case 'metadata.annotations':
      return formatMap(metadata.annotations);
    case 'metadata.labels':
      return formatMap(metadata.labels);
    case 'metadata.name':
      return metadata.name ?? '';
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'spec.nodeName':
      return specOf(pod).nodeName ?? facts.node.nodeName;
    case 'spec.serviceAccountName':
      return specOf(pod).serviceAccountName ?? '';
    case 'status.hostIP':
      return facts.node.hostIPs[0] ?? '';
    case 'status.hostIPs':
      return facts.node.hostIPs.join(',');
    case 'status.podIP':
      return facts.podIPs[0] ?? '';
    case 'status.podIPs':
      return facts.podIPs.join(',');
    default:
      throw new RuntimeError('CreateContainerConfigError', `unsupported fieldPath: ${path}`);
  }
}

/** resource / divisor, rounded up; a limit that is not set is what the node can give. */
export function resourceValue(
  selector: ResourceFieldSelector,
  pod: Pod,
  container: Container | undefined,
  node: NodeFacts,
): string {
  const of = selector.containerName ? findContainer(pod, selector.containerName) : container;
  if (!of) throw new RuntimeError('CreateContainerConfigError', `container ${selector.containerName} not found`);
  const [kind, ...rest] = selector.resource.split('.');
  const name = rest.join('.');
  if ((kind !== 'limits' && kind !== 'requests') || !name) {
    throw new RuntimeError('CreateContainerConfigError', `unsupported container resource : ${selector.resource}`);
  }
  const own = of.resources?.[kind]?.[name];
  const fallback = kind === 'limits' ? node.allocatable[name as keyof NodeFacts['allocatable']] : undefined;
  const amount = parseQuantity(own ?? fallback ?? '0').nano;
  const divisor = parseQuantity(selector.divisor ?? '1').nano || 1_000_000_000n;
  return String((amount + divisor - 1n) / divisor);
}
