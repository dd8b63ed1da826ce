// Defaults of Pods and of pod templates, after pkg/apis/core/v1/defaults.go. Those of a Pod alone (requests from
// limits, host ports) do not apply to templates.
import { addQuantity, compareQuantity, formatQuantity, parseQuantity } from '../../apimachinery/quantity.ts';
import type { Struct, TypeDefault } from '../normalise.ts';

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

type Quantities = Record<string, string>;

interface PodSpec {
  containers?: Container[];
  initContainers?: Container[];
  hostNetwork?: boolean;
  securityContext?: Struct;
  enableServiceLinks?: boolean;
  resources?: Resources;
}

/** The tag of an image reference; 'latest' when it has neither tag nor digest (pkg/util/parsers). */
export function imageTag(reference: string): string {
  const [name = '', digest] = reference.split('@');
  const tag = /:([^/:]+)$/.exec(name)?.[1] ?? '';
  return tag || (digest ? '' : 'latest');
}

const pullPolicy = (reference: unknown): string =>
  typeof reference === 'string' && reference !== '' && imageTag(reference) !== 'latest' ? 'IfNotPresent' : 'Always';

function container(value: Struct): void {
  value.imagePullPolicy ??= pullPolicy(value.image);
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

/** Requests of the whole Pod: what its containers ask for, else its limits. */
function podLevelResources(spec: PodSpec): void {
  const { resources } = spec;
  if (!resources) return;
  const sums = containerRequests(spec);
  if (resources.limits || resources.requests) {
    for (const [name, sum] of Object.entries(sums)) {
      if (!isHugePages(name) || resources.limits?.[name] !== undefined) continue;
      resources.limits = { ...resources.limits, [name]: sum };
    }
  }
  if (!resources.limits || Object.keys(resources.limits).length === 0) return;
  const requests: Quantities = { ...resources.requests };
  for (const [name, sum] of Object.entries(sums)) {
    if (isPodLevel(name) && !isHugePages(name)) requests[name] ??= sum;
  }
  for (const [name, limit] of Object.entries(resources.limits)) if (isPodLevel(name)) requests[name] ??= limit;
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

/** Sum over containers and sidecars, or what a single init container needs beside the sidecars started before it. */
function containerRequests({ containers = [], initContainers = [] }: PodSpec): Quantities {
  const sum: Quantities = {};
  for (const { resources } of containers) addTo(sum, resources?.requests);
  const sidecars: Quantities = {};
  const peak: Quantities = {};
  for (const { restartPolicy, resources } of initContainers) {
    if (restartPolicy === 'Always') {
      addTo(sum, resources?.requests);
      addTo(sidecars, resources?.requests);
      raiseTo(peak, sidecars);
    } else {
      const needed = { ...sidecars };
      addTo(needed, resources?.requests);
      raiseTo(peak, needed);
    }
  }
  raiseTo(sum, peak);
  return sum;
}

function addTo(sum: Quantities, more: Quantities = {}): void {
  for (const [name, text] of Object.entries(more)) {
    const before = sum[name];
    sum[name] = before === undefined ? text : formatQuantity(addQuantity(parseQuantity(before), parseQuantity(text)));
  }
}

function raiseTo(floor: Quantities, other: Quantities): void {
  for (const [name, text] of Object.entries(other)) {
    const before = floor[name];
    if (before === undefined || compareQuantity(parseQuantity(text), parseQuantity(before)) > 0) floor[name] = text;
  }
}

export const podDefaults: Readonly<Record<string, TypeDefault>> = {
  'io.k8s.api.core.v1.Container': container,
  'io.k8s.api.core.v1.EphemeralContainer': container,
  'io.k8s.api.core.v1.Volume': volume,
  'io.k8s.api.core.v1.Pod': pod,
  'io.k8s.api.core.v1.PodSpec': (value) => {
    value.securityContext ??= {};
  },
};
