// PodSecurity of namespaces: labels must be readable, and who closes a namespace is told which of its pods would not
// be let in any more (k8s.io/pod-security-admission/admission ValidateNamespace).
import { isDeepStrictEqual } from 'node:util';
import { pods } from '../../api/resources.ts';
import type { Pod } from '../../api/types/core/v1.ts';
import { controllerOf } from '../../apimachinery/meta.ts';
import { invalid } from '../../apimachinery/status-error.ts';
import type { AdmissionRequest } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { podSecurityReasons } from './pod-security-checks.ts';
import { compareLevels, type LevelVersion, podSecurityPolicy, shownLevel } from './pod-security-policy.ts';

const MOST_PODS = 3_000;

export function validateNamespacePolicy(request: AdmissionRequest, reader: ObjectReader): void {
  const { operation, object, oldObject, name, definition, warn } = request;
  const { enforce, errors } = podSecurityPolicy(object?.metadata.labels);
  const before = oldObject && podSecurityPolicy(oldObject.metadata.labels);
  // What was wrong before may stay as it is.
  const isNew = !before || before.errors.length === 0 || !isDeepStrictEqual(errors, before.errors);
  if (errors.length > 0 && isNew) throw invalid(definition, name, errors);
  if (operation !== 'UPDATE' || !before || !isTighter(enforce, before.enforce)) return;
  for (const text of warnings(reader.list(pods, name), name, enforce)) warn(text);
}

function isTighter(enforce: LevelVersion, before: LevelVersion): boolean {
  if (isDeepStrictEqual(enforce, before) || enforce.level === 'privileged') return false;
  return enforce.version !== before.version || compareLevels(enforce.level, before.level) > 0;
}

function warnings(all: readonly Pod[], namespace: string, enforce: LevelVersion): string[] {
  const checked = onePerControllerFirst(all).slice(0, MOST_PODS);
  const names = new Map<string, string[]>();
  for (const pod of checked) {
    const reasons = podSecurityReasons(pod, enforce.level);
    if (reasons) names.set(reasons, [...(names.get(reasons) ?? []), pod.metadata.name ?? '']);
  }
  const found = [...names].map(([reasons, of]) => `${shownNames(of)}: ${reasons}`).sort();
  const level = JSON.stringify(shownLevel(enforce));
  return [
    ...(checked.length < all.length
      ? [
          `new PodSecurity enforce level only checked against the first ${checked.length} of ${all.length} existing pods`,
        ]
      : []),
    ...(found.length > 0
      ? [`existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level ${level}`]
      : []),
    ...found,
  ];
}

function shownNames(names: readonly string[]): string {
  const [first = '', ...others] = names.toSorted();
  if (others.length === 0) return first;
  return `${first} (and ${others.length} other pod${others.length === 1 ? '' : 's'})`;
}

/** Replicas are alike: one of each set is looked at before the rest. */
function onePerControllerFirst(all: readonly Pod[]): Pod[] {
  const seen = new Set<string>();
  const isFirst = (pod: Pod): boolean => {
    const uid = controllerOf(pod)?.uid;
    if (uid === undefined) return true;
    if (seen.has(uid)) return false;
    seen.add(uid);
    return true;
  };
  const { true: first = [], false: rest = [] } = Object.groupBy(all, (pod) => String(isFirst(pod)) as 'true' | 'false');
  return [...first, ...rest];
}
