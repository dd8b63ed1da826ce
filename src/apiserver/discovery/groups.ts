// Groups and versions of a list of definitions, in the order clients are to prefer them.

import type { ResourceDefinition } from '../../api/definition.ts';
import { groups } from '../../api/facts.ts';
import { formatGroupVersion } from '../../apimachinery/meta.ts';

export interface ServedGroup {
  name: string;
  versions: ServedVersion[];
}

export interface ServedVersion {
  version: string;
  /** 'apps/v1', 'v1' */
  groupVersion: string;
  definitions: ResourceDefinition[];
}

/** Core first, built-in groups in upstream's order, others by name; versions by preference, resources by name. */
export function servedGroups(definitions: readonly ResourceDefinition[]): ServedGroup[] {
  const byGroup = Map.groupBy(definitions, (d) => d.group);
  const known = new Map(groups().map(({ group, versions }, at) => [group, { at, versions }]));
  const names = [...byGroup.keys()].sort(
    (a, b) => (known.get(a)?.at ?? known.size) - (known.get(b)?.at ?? known.size) || compare(a, b),
  );
  return names.map((name) => {
    const preferred = known.get(name)?.versions ?? [];
    const rank = (version: string) => {
      const at = preferred.indexOf(version);
      return at < 0 ? preferred.length : at;
    };
    const byVersion = Map.groupBy(byGroup.get(name) ?? [], (d) => d.version);
    const versions = [...byVersion.keys()].sort((a, b) => rank(a) - rank(b) || compareVersions(a, b));
    return {
      name,
      versions: versions.map((version) => ({
        version,
        groupVersion: formatGroupVersion({ group: name, version }),
        definitions: (byVersion.get(version) ?? []).toSorted((a, b) => compare(a.plural, b.plural)),
      })),
    };
  });
}

/** Negative when `a` is to be preferred: v2 before v1, v1 before v1beta2, words last (version.CompareKubeAwareVersionStrings). */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  if (!left || !right) return left ? -1 : right ? 1 : compare(a, b);
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor;
}

function parseVersion(version: string): { stage: number; major: number; minor: number } | undefined {
  const match = /^v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?$/.exec(version);
  if (!match) return undefined;
  const stage = match[2] === 'alpha' ? 0 : match[2] === 'beta' ? 1 : 2;
  return { stage, major: Number(match[1]), minor: Number(match[3] ?? 0) };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
