// Defaults of Pods and of pod templates, after pkg/apis/core/v1/defaults.go. Those of a Pod alone (requests from
// limits, host ports) do not apply to templates.
import { formatQuantity, milliValue, parseQuantity, quantityOfMilli } from '../../apimachinery/quantity.ts';
import { aggregateLimits, aggregateRequests, type Quantities } from '../core/aggregate-resources.ts';
import type { Struct, TypeDefault } from '../normalise.ts';
import { imageTag } from './image-reference.ts';

interface Container {
  image?: string;
  imagePullPolicy?: string;
  restartPolicy?: string;
  ports?: { containerPort?: number; hostPort?: number }[];
  resources?: Resources;
}

interface Resources {
  limits?: Quantities;
  requests?: Quantities;
}

interface PodSpec {
  containers?: Container[];
  initContainers?: Container[];
  hostNetwork?: boolean;
  securityContext?: Struct;
  enableServiceLinks?: boolean;
  resources?: Resources;
}

const pullPolicy = (reference: unknown): string =>
  typeof reference === 'string' && imageTag(reference) === 'latest' ? 'Always' : 'IfNotPresent';

function container(value: Struct): void {
  value.imagePullPolicy ??= pullPolicy(value.image);
}

/** Lists of resources know nothing finer than a thousandth (SetDefaults_ResourceList). */
export const roundUp =
  (...fields: readonly string[]): TypeDefault =>
  (value) => {
    for (const field of fields) {
      const amounts = value[field] as Quantities | undefined;
      for (const [name, text] of Object.entries(amounts ?? {})) (amounts as Quantities)[name] = wholeThousandths(text);
    }
  };

function wholeThousandths(text: string): string {
  const quantity = parseQuantity(text);
  if (quantity.nano % 1_000_000n === 0n) return text;
  return formatQuantity({ ...quantityOfMilli(milliValue(quantity)), format: quantity.format });
}

/** A Volume of no kind is an emptyDir; `name` is its only other field. */
function volume(value: Struct): void {
  if (Object.keys(value).every((key) => key === 'name')) value.emptyDir = {};
  const image = value.image as Struct | undefined;
  if (image) image.pullPolicy ||= pullPolicy(image.reference);
}

function pod(value: Struct): void {
  const spec = (value.spec ?? {}) as PodSpec;
  value.spec = spec;
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].filter((c) => c !== null);
  for (const { resources } of containers) {
    if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
  }
  podLevelResources(spec);
  spec.enableServiceLinks ??= true;
  if (!spec.hostNetwork) return;
  for (const port of containers.flatMap((c) => c.ports ?? [])) port.hostPort ||= port.containerPort;
}

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
const isPodLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePages(name);

/** Limits of huge pages from the containers; requests are what the containers ask for, else the Pod's limits. */
function podLevelResources(spec: PodSpec): void {
  const { resources } = spec;
  if (!resources) return;
  if (!isEmpty(resources.limits) || !isEmpty(resources.requests)) {
    for (const [name, sum] of Object.entries(aggregateLimits(spec))) {
      if (!isHugePages(name) || resources.requests?.[name] !== undefined) continue;
      resources.limits = { [name]: sum, ...resources.limits };
    }
  }
  if (isEmpty(resources.limits)) return;
  const asked = Object.entries(aggregateRequests(spec)).filter(([name]) => isPodLevel(name) && !isHugePages(name));
  const limits = Object.entries(resources.limits ?? {}).filter(([name]) => isPodLevel(name));
  const requests = { ...Object.fromEntries(limits), ...Object.fromEntries(asked), ...resources.requests };
  if (!isEmpty(requests)) resources.requests = requests;
}

const isEmpty = (amounts: Quantities | undefined): boolean => Object.keys(amounts ?? {}).length === 0;

/** One account under two names: the older one is the newer one's echo (pkg/apis/core/v1/conversion.go). */
function podSpec(value: Struct): void {
  roundUp('overhead')(value);
  value.securityContext ??= {};
  const account = value.serviceAccountName || value.serviceAccount;
  if (account) Object.assign(value, { serviceAccountName: account, serviceAccount: account });
}

/** The first of the addresses has a field of its own, which wins where the two differ (pkg/apis/core/v1/conversion.go). */
function podStatus(value: Struct): void {
  roundUp('allocatedResources')(value);
  const { podIP, podIPs = [] } = value as { podIP?: string; podIPs?: { ip?: string }[] };
  if (podIP && podIPs[0]?.ip !== podIP) value.podIPs = [{ ip: podIP }];
  else if (!podIP && podIPs[0]?.ip) value.podIP = podIPs[0].ip;
}

export const podDefaults: Readonly<Record<string, TypeDefault>> = {
  'io.k8s.api.core.v1.Container': container,
  'io.k8s.api.core.v1.EphemeralContainer': container,
  'io.k8s.api.core.v1.Volume': volume,
  'io.k8s.api.core.v1.Pod': pod,
  'io.k8s.api.core.v1.PodSpec': podSpec,
  'io.k8s.api.core.v1.PodStatus': podStatus,
  'io.k8s.api.core.v1.ContainerStatus': roundUp('allocatedResources'),
  'io.k8s.api.core.v1.ResourceRequirements': roundUp('limits', 'requests'),
  'io.k8s.api.core.v1.VolumeResourceRequirements': roundUp('limits', 'requests'),
};
