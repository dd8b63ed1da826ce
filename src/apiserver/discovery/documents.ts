// What /api and /apis answer, from the definitions served: the legacy lists and the aggregated form (apidiscovery v2;
// v2beta1 is gone in 1.36). Pure; made anew when the list of definitions changes.
import { createHash } from 'node:crypto';
import type { ResourceDefinition, SubresourceDefinition } from '../../api/definition.ts';
import type { RemoteVersion } from '../aggregation/aggregator.ts';
import { type ServedGroup, type ServedVersion, servedGroups, withRemote } from './groups.ts';

/** A document with its JSON and the ETag of it. */
export interface Document {
  readonly object: object;
  readonly json: string;
  readonly etag: string;
}

export interface DiscoveryDocuments {
  /** /api */
  readonly legacyVersions: Document;
  /** /apis */
  readonly groupList: Document;
  /** /apis/<group> */
  group(name: string): Document | undefined;
  /** /api/v1 (group '') and /apis/<group>/<version>; those of custom resources are served by other rules. */
  resources(group: string, version: string): (Document & { isCustom: boolean }) | undefined;
  /** /api, asked for as APIGroupDiscoveryList */
  readonly aggregatedCore: Document;
  /** /apis, asked for the same way */
  readonly aggregatedGroups: Document;
  /** All of these, but those that other servers answer. */
  readonly paths: readonly string[];
}

/** The Content-Type of the aggregated documents: client-go compares it word for word. */
export const AGGREGATED_CONTENT_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** `serverAddress` is shown to clients of /api ("10.0.0.5:6443"). */
export function discoveryDocuments(
  definitions: readonly ResourceDefinition[],
  options: { serverAddress: string; remote?: readonly RemoteVersion[] },
): DiscoveryDocuments {
  const served = withRemote(servedGroups(definitions), options.remote ?? []);
  const core = served.filter(({ name }) => name === '');
  const named = served.filter(({ name }) => name !== '');
  const groups = new Map(
    named.map((group) => [group.name, document({ kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) })]),
  );
  const resources = new Map(
    served.flatMap(({ name, versions }) =>
      versions
        .filter(({ remote }) => !remote) // its own server answers that
        .map((version) => {
          const isCustom = version.definitions.some(({ fit }) => fit !== undefined);
          return [version.groupVersion, { ...document(resourceList(name, version)), isCustom }] as const;
        }),
    ),
  );
  return {
    legacyVersions: document({
      kind: 'APIVersions',
      versions: core.flatMap(({ versions }) => versions.map(({ version }) => version)),
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: options.serverAddress }],
    }),
    groupList: document({ kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(apiGroup) }),
    group: (name) => groups.get(name),
    resources: (group, version) => resources.get(group ? `${group}/${version}` : version),
    aggregatedCore: document(aggregated(core)),
    aggregatedGroups: document(aggregated(named)),
    paths: [
      ...['/api', '/apis'],
      ...[...groups.keys()].map((group) => `/apis/${group}`),
      ...[...resources.keys()].map((version) => (version.includes('/') ? `/apis/${version}` : `/api/${version}`)),
    ],
  };
}

function document(object: object): Document {
  const json = `${JSON.stringify(object)}\n`;
  return { object, json, etag: `"${createHash('sha512').update(json).digest('hex').toUpperCase()}"` };
}

function apiGroup({ name, versions }: ServedGroup): object {
  const shown = versions.map(({ version, groupVersion }) => ({ groupVersion, version }));
  return { name, versions: shown, preferredVersion: shown[0] };
}

/** The list of the core group has no apiVersion, as clients of 1.0 expect it. */
const resourceList = (group: string, { groupVersion, definitions }: ServedVersion): object => ({
  kind: 'APIResourceList',
  ...(group ? { apiVersion: 'v1' } : {}),
  groupVersion,
  resources: definitions.flatMap(apiResources),
});

/** A resource and its subresources, which come right after it. */
function apiResources(definition: ResourceDefinition): object[] {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories } = definition;
  const hash = storageVersionHash(definition);
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs,
      ...(shortNames.length > 0 ? { shortNames } : {}),
      ...(categories.length > 0 ? { categories } : {}),
      ...(hash ? { storageVersionHash: hash } : {}),
    },
    ...subresourcesOf(definition).map((sub) => ({
      name: `${plural}/${sub.name}`,
      singularName: '',
      namespaced,
      ...foreignGroupVersion(definition, sub),
      kind: sub.kind,
      verbs: sub.verbs,
    })),
  ];
}

const aggregated = (groups: readonly ServedGroup[]): object => ({
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  metadata: {},
  items: groups.map(({ name, versions }) => ({
    metadata: name ? { name, creationTimestamp: null } : {},
    versions: versions.map(({ version, definitions, remote }) => ({
      version,
      resources: remote?.resources ?? definitions.map(aggregatedResource),
      freshness: remote?.fresh === false ? 'Stale' : 'Current',
    })),
  })),
});

function aggregatedResource(definition: ResourceDefinition): object {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories } = definition;
  const subresources = subresourcesOf(definition).map((sub) => ({
    subresource: sub.name,
    responseKind: { group: '', version: '', ...foreignGroupVersion(definition, sub), kind: sub.kind },
    verbs: sub.verbs,
  }));
  return {
    resource: plural,
    responseKind: { group: '', version: '', kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}

const subresourcesOf = ({ subresources }: ResourceDefinition): SubresourceDefinition[] =>
  Object.values(subresources).sort((a, b) => (a.name < b.name ? -1 : 1));

/** Group and version are told only where they are not the parent's own. */
const foreignGroupVersion = (definition: ResourceDefinition, sub: SubresourceDefinition) =>
  sub.group === definition.group && sub.version === definition.version
    ? {}
    : { group: sub.group, version: sub.version };

/** Tells clients that the stored form changed; none for what is not stored (k8s.io/apiserver pkg/storageversion). */
function storageVersionHash({ verbs, storage, kind }: ResourceDefinition): string | undefined {
  if (!verbs.includes('watch')) return undefined;
  const text = `${storage.group}/${storage.version}/${kind}`;
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64');
}
