// Groups and versions of a list of definitions, in the order clients are to prefer them.
import type { ResourceDefinition } from '../../api/definition.ts';
import { groups } from '../../api/facts.ts';
import { compareVersions } from '../../apimachinery/kube-version.ts';
import { formatGroupVersion } from '../../apimachinery/meta.ts';
import type { RemoteVersion } from '../aggregation/aggregator.ts';
import { API_GROUP, groupPriority, versionPriority } from '../aggregation/local.ts';

export interface ServedGroup {
  name: string;
  versions: ServedVersion[];
}

export interface ServedVersion {
  version: string;
  /** 'apps/v1', 'v1' */
  groupVersion: string;
  definitions: ResourceDefinition[];
  /** Set when another server answers it. */
  remote?: RemoteVersion;
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

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `groups` and those of other servers, by the priorities of their APIServices; among equals what was first stays first. */
export function withRemote(groups: readonly ServedGroup[], remote: readonly RemoteVersion[]): ServedGroup[] {
  if (remote.length === 0) return [...groups];
  const merged = new Map(groups.map((group) => [group.name, { ...group, versions: [...group.versions] }]));
  for (const one of [...remote].sort((a, b) => compare(a.group, b.group))) {
    const group = merged.get(one.group) ?? { name: one.group, versions: [] };
    merged.set(one.group, group);
    const { version } = one;
    const groupVersion = formatGroupVersion({ group: one.group, version });
    const others = group.versions.filter((known) => known.version !== version);
    group.versions = [...others, { version, groupVersion, definitions: [], remote: one }].sort(
      byVersionPriority(one.group),
    );
  }
  /** The core, and the group that names all others, come before everything. */
  const own = (name: string) => (name === '' || name === API_GROUP ? Number.MAX_SAFE_INTEGER : groupPriority(name));
  const priorityOf = ({ name, versions }: ServedGroup) =>
    Math.max(...versions.map(({ remote }) => remote?.groupPriority ?? own(name)));
  return [...merged.values()].sort((a, b) => priorityOf(b) - priorityOf(a));
}

const byVersionPriority = (group: string) => (a: ServedVersion, b: ServedVersion) => {
  const priorityOf = ({ version, remote }: ServedVersion) => remote?.versionPriority ?? versionPriority(group, version);
  return priorityOf(b) - priorityOf(a) || compareVersions(a.version, b.version);
};
