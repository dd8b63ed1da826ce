// What a Pod Security check is, and how checks word whom they found.
import type { Container, Pod, PodSpec, SecurityContext } from '../../api/types/core/v1.ts';

export interface Violation {
  reason: string;
  detail: string;
}

export interface PodSecurityCheck {
  /** A baseline check in whose place restricted has a stricter one. */
  replaced?: boolean;
  find(pod: Pod, spec: PodSpec): Violation | undefined;
}

export const containersOf = (spec: PodSpec): Container[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
  ...((spec.ephemeralContainers ?? []) as Container[]),
];

export const named = (word: string, names: readonly string[]): string =>
  `${word}${names.length === 1 ? '' : 's'} ${quoted(names)}`;
export const quoted = (values: readonly string[]): string => values.map((v) => JSON.stringify(v)).join(', ');
export const uses = (names: readonly string[]): string => (names.length === 1 ? 'uses' : 'use');
export const namesWhere = (spec: PodSpec, bad: (context: SecurityContext, container: Container) => boolean): string[] =>
  containersOf(spec)
    .filter((container) => bad(container.securityContext ?? {}, container))
    .map(({ name }) => name);

/** "pod", containers or both as the ones who set something; undefined when nobody did. */
export function setters(
  spec: PodSpec,
  podIsBad: boolean,
  bad: (context: SecurityContext) => boolean,
): string | undefined {
  const containers = namesWhere(spec, bad);
  const all = [...(podIsBad ? ['pod'] : []), ...(containers.length > 0 ? [named('container', containers)] : [])];
  return all.length > 0 ? all.join(' and ') : undefined;
}
