// All containers of a Pod with their paths, in upstream's order (pkg/apis/core/pods VisitContainersWithPath).
import type { Container, PodSpec } from '../types/core/v1.ts';

export interface VisitedContainer {
  container: Container;
  at: string;
}

export const visitContainers = (spec: PodSpec, path: string): VisitedContainer[] =>
  (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    ((spec[list] ?? []) as Container[]).map((container, i) => ({ container, at: `${path}.${list}[${i}]` })),
  );
