// What the containers of a Pod need together (k8s.io/component-helpers/resource AggregateContainerRequests).
import { addQuantity, compareQuantity, formatQuantity, parseQuantity } from '../../apimachinery/quantity.ts';

export type Quantities = Record<string, string>;

interface Part {
  restartPolicy?: string;
  resources?: { limits?: Quantities; requests?: Quantities };
}

interface Parts {
  /** null once an empty list was stored. */
  containers?: readonly Part[] | null;
  initContainers?: readonly Part[];
}

export const aggregateRequests = (spec: Parts): Quantities => aggregate(spec, 'requests');
export const aggregateLimits = (spec: Parts): Quantities => aggregate(spec, 'limits');

/** Sum over containers and sidecars, or what a single init container needs beside the sidecars started before it. */
function aggregate({ containers, initContainers = [] }: Parts, kind: 'limits' | 'requests'): Quantities {
  const sum: Quantities = {};
  for (const { resources } of containers ?? []) addTo(sum, resources?.[kind]);
  const sidecars: Quantities = {};
  const peak: Quantities = {};
  for (const { restartPolicy, resources } of initContainers) {
    if (restartPolicy === 'Always') {
      addTo(sum, resources?.[kind]);
      addTo(sidecars, resources?.[kind]);
      raiseTo(peak, sidecars);
    } else {
      const needed = { ...sidecars };
      addTo(needed, resources?.[kind]);
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
