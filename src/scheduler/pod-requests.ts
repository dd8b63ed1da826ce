// What a pod asks of a node, as resourcehelper.PodRequests: containers together, or the largest step of init,
// whichever is more, with sidecars kept running; plus overhead. cpu counts in thousandths, all else in units.
import type { Container, Pod } from '../api/types/core/v1.ts';
import { milliValue, parseQuantity, value } from '../apimachinery/quantity.ts';
import type { Resources } from './node-info.ts';

/** Assumed for scoring when a container asks for nothing (schedutil.DefaultMilliCPURequest …). */
const ASSUMED: ReadonlyMap<string, number> = new Map([
  ['cpu', 100],
  ['memory', 200 * 1024 * 1024],
]);

type Mutable = Map<string, number>;

export function toResources(list: Readonly<Record<string, string>> | undefined): Mutable {
  return new Map(
    Object.entries(list ?? {}).map(([name, text]) => {
      const quantity = parseQuantity(text);
      return [name, name === 'cpu' ? milliValue(quantity) : value(quantity)];
    }),
  );
}

function addTo(sum: Mutable, more: Resources): void {
  for (const [name, amount] of more) sum.set(name, (sum.get(name) ?? 0) + amount);
}

function raiseTo(sum: Mutable, floor: Resources): void {
  for (const [name, amount] of floor) sum.set(name, Math.max(sum.get(name) ?? 0, amount));
}

export function podRequests(pod: Pod, options: { forScoring?: boolean } = {}): Resources {
  const requests = (container: Container): Mutable => {
    const wanted = toResources(container.resources?.requests as Record<string, string> | undefined);
    if (options.forScoring) for (const [name, amount] of ASSUMED) if (!wanted.has(name)) wanted.set(name, amount);
    return wanted;
  };
  const running: Mutable = new Map();
  for (const container of pod.spec.containers) addTo(running, requests(container));

  const sidecars: Mutable = new Map();
  const peak: Mutable = new Map();
  for (const container of pod.spec.initContainers ?? []) {
    const wanted = requests(container);
    if (container.restartPolicy === 'Always') {
      addTo(sidecars, wanted);
      raiseTo(peak, sidecars);
    } else {
      const step = new Map(sidecars);
      addTo(step, wanted);
      raiseTo(peak, step);
    }
  }
  addTo(running, sidecars);
  raiseTo(running, peak);
  raiseTo(running, toResources(pod.spec.resources?.requests as Record<string, string> | undefined));
  addTo(running, toResources(pod.spec.overhead as Record<string, string> | undefined));
  return running;
}
