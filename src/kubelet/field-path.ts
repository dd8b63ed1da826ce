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
    .map(([key, value]) => `${key}=${goQuoted(value)}`)
    .join('\n');

const GO_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** As Go's strconv.Quote writes it: JSON escapes other characters, and others otherwise. */
const goQuoted = (text: string): string =>
  `"${text.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (char) => {
    const code = (char.codePointAt(0) as number).toString(16);
    const numbered = code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
    return GO_ESCAPES[char] ?? (char <= '\u007f' ? `\\x${code.padStart(2, '0')}` : numbered);
  })}"`;

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

const NAMED = ['cpu', 'memory', 'ephemeral-storage'] as const;

/**
 * resource / divisor, rounded up. A limit that is not set is the pod's own, else what the node can give
 * (defaultPodLimitsForDownwardAPI); pages of the huge kind are never given beyond what is set.
 */
export function resourceValue(
  selector: ResourceFieldSelector,
  pod: Pod,
  container: Container | undefined,
  node: NodeFacts,
): string {
  const of = selector.containerName ? findContainer(pod, selector.containerName) : container;
  if (!of) throw new RuntimeError('CreateContainerConfigError', `container ${selector.containerName} not found`);
  const [, kind, name = ''] = /^(limits|requests)\.(.+)$/.exec(selector.resource) ?? [];
  const common = NAMED.find((one) => one === name);
  if (!common && !name.startsWith('hugepages-')) {
    throw new RuntimeError('CreateContainerConfigError', `unsupported container resource : ${selector.resource}`);
  }
  const set = (list: Record<string, string | number> | undefined) => {
    const quantity = parseQuantity(list?.[name] ?? '0').nano;
    return quantity === 0n ? undefined : quantity;
  };
  const amount =
    kind === 'requests'
      ? (set(of.resources?.requests) ?? 0n)
      : (set(of.resources?.limits) ??
        (common === undefined
          ? 0n
          : (set(specOf(pod).resources?.limits) ?? parseQuantity(node.allocatable[common]).nano)));
  const divisor = parseQuantity(selector.divisor ?? '1').nano || 1_000_000_000n;
  return String((amount + divisor - 1n) / divisor);
}
