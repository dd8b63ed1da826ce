// The APIServices of what this server answers itself: one for each version of each group, made and removed with it
// (kube-aggregator/pkg/controllers/autoregister, pkg/controlplane/controller/crdregistration). Pure.
import type { ResourceDefinition } from '../../api/definition.ts';
import { apiServicePriorities } from '../../api/facts.ts';
import type { APIService } from '../../api/types/apiregistration/v1.ts';
import { METRICS_GROUP } from '../virtual/metrics/definitions.ts';

export const API_GROUP = 'apiregistration.k8s.io';
export const AUTOMANAGED = 'kube-aggregator.kubernetes.io/automanaged';
/** Who owns their fields. */
export const LOCAL_FIELD_MANAGER = 'kube-apiserver';

/** Custom resources come after everything built in; their versions are ordered by how they are written. */
const CUSTOM_GROUP_PRIORITY = 1000;
const CUSTOM_VERSION_PRIORITY = 100;

export const groupPriority = (group: string): number => apiServicePriorities()[group]?.[0] ?? CUSTOM_GROUP_PRIORITY;
export const versionPriority = (group: string, version: string): number =>
  apiServicePriorities()[group]?.[1][version] ?? CUSTOM_VERSION_PRIORITY;

/** One for each group and version of `definitions`, but for the group of APIServices itself, which has none. */
export function localApiServices(definitions: readonly Pick<ResourceDefinition, 'group' | 'version'>[]): APIService[] {
  const served = new Map(definitions.map((one) => [`${one.version}.${one.group}`, one]));
  return [...served.values()].filter(({ group }) => group !== API_GROUP).map(localApiService);
}

function localApiService({ group, version }: Pick<ResourceDefinition, 'group' | 'version'>): APIService {
  const builtIn = Object.hasOwn(apiServicePriorities(), group);
  return {
    apiVersion: `${API_GROUP}/v1`,
    kind: 'APIService',
    metadata: { name: `${version}.${group}`, labels: { [AUTOMANAGED]: builtIn ? 'onstart' : 'true' } },
    spec: {
      ...(group ? { group } : {}),
      version,
      groupPriorityMinimum: groupPriority(group),
      versionPriority: versionPriority(group, version),
    },
  };
}

/** What to do so that the automanaged ones among `existing` are `wanted`; those of other people are left alone. */
export function difference(
  existing: readonly APIService[],
  wanted: readonly APIService[],
): { create: APIService[]; update: APIService[]; remove: APIService[] } {
  const known = new Map(existing.map((one) => [one.metadata.name, one]));
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  const isOurs = ({ metadata }: APIService) => metadata.labels?.[AUTOMANAGED] !== undefined;
  return {
    create: wanted.filter(({ metadata }) => !known.has(metadata.name)),
    update: wanted.flatMap((one) => {
      const old = known.get(one.metadata.name);
      if (!old || !isOurs(old) || sameSpec(old, one) || isGivenAway(old)) return [];
      return [{ ...old, spec: one.spec }];
    }),
    remove: existing.filter((one) => isOurs(one) && !names.has(one.metadata.name)),
  };
}

/** A metrics-server takes its group over by the name that it has everywhere. */
const isGivenAway = ({ spec }: APIService): boolean => spec.group === METRICS_GROUP && spec.service !== undefined;

const sameSpec = ({ spec: a }: APIService, { spec: b }: APIService): boolean =>
  !a.service &&
  a.groupPriorityMinimum === b.groupPriorityMinimum &&
  a.versionPriority === b.versionPriority &&
  (a.group ?? '') === (b.group ?? '') &&
  a.version === b.version;
