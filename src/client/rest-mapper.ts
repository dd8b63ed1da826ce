// What the server serves, by any name a user may give it: plural, singular, short name, kind, each with or without
// group ("deploy.apps", "deployments.v1.apps"). Read from aggregated discovery, once; refresh() reads it again.
import type { ResourceType, Verb } from '../api/resource-type.ts';
import { TransportError } from './client.ts';
import type { Transport } from './transport.ts';

export interface ServedResource extends ResourceType {
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly verbs: readonly Verb[];
  readonly subresources: readonly string[];
}

/** The name is none, or is one of several; the message says what there is. */
export class UnknownResource extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnknownResource';
  }
}

export interface RestMapper {
  /** Throws UnknownResource. */
  resolve(name: string): Promise<ServedResource>;
  /** Each resource in the version its group prefers. */
  preferred(): Promise<readonly ServedResource[]>;
  /** The resource of an object, in the version the object names; undefined when it is not served. */
  ofKind(apiVersion: string, kind: string): Promise<ServedResource | undefined>;
  refresh(): void;
}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

interface GroupDiscovery {
  metadata: { name?: string };
  versions?: { version: string; resources?: DiscoveredResource[] }[];
}
interface DiscoveredResource {
  resource: string;
  singularResource?: string;
  scope: string;
  shortNames?: string[];
  verbs: Verb[];
  subresources?: { subresource: string }[];
  responseKind?: { group?: string; version?: string; kind: string };
}

export function createRestMapper(transport: Transport): RestMapper {
  let reading: Promise<readonly ServedResource[]> | undefined;
  const served = (): Promise<readonly ServedResource[]> => {
    reading ??= readAll(transport);
    return reading;
  };
  const preferred = async () => withoutLaterVersions(await served());
  return {
    preferred,
    async resolve(name) {
      const [wanted, ...rest] = name.toLowerCase().split('.') as [string, ...string[]];
      const all = (await served()).filter((type) => isNamed(type, wanted));
      const found = withoutLaterVersions(rest.length === 0 ? all : matching(all, rest));
      // Whole names before short ones, then the order of groups, as the server gives it (the core group first).
      const best = found.find(({ shortNames }) => !shortNames.includes(wanted)) ?? found[0];
      if (!best) throw new UnknownResource(`the server doesn't have a resource type "${name}"`);
      return best;
    },
    async ofKind(apiVersion, kind) {
      const same = (await served()).filter((type) => type.kind === kind);
      const [version, group] = apiVersion.split('/').reverse() as [string, string | undefined];
      return same.find((type) => type.version === version && type.group === (group ?? ''));
    },
    refresh() {
      reading = undefined;
    },
  };
}

const isNamed = ({ plural, singular, kind, shortNames }: ServedResource, name: string): boolean =>
  plural === name || singular === name || kind.toLowerCase() === name || shortNames.includes(name);

/** `rest` is a group, or a version and a group: "apps", "v1.apps", "v1." for the core group's. */
function matching(all: readonly ServedResource[], rest: readonly string[]): ServedResource[] {
  const group = rest.join('.');
  const [version, ...after] = rest;
  const versioned = all.filter((type) => type.version === version && type.group === after.join('.'));
  // A group may be named by its beginning, as kubectl takes "ing.networking".
  const whole = all.filter((type) => type.group === group);
  const begun = all.filter((type) => type.group.startsWith(`${group}.`));
  return [versioned, whole, begun].find((some) => some.length > 0) ?? [];
}

/** Versions of a group are served in the order of preference. */
function withoutLaterVersions(all: readonly ServedResource[]): ServedResource[] {
  const first = new Map<string, ServedResource>();
  for (const type of all) {
    const key = `${type.plural}.${type.group}`;
    if (!first.has(key)) first.set(key, type);
  }
  return [...first.values()];
}

async function readAll(transport: Transport): Promise<readonly ServedResource[]> {
  const documents = await Promise.all(
    ['/api', '/apis'].map((path) => transport.request({ method: 'GET', path, accept: AGGREGATED })),
  );
  return documents.flatMap((document) => {
    const { kind, items } = document as unknown as { kind: string; items?: GroupDiscovery[] };
    if (kind !== 'APIGroupDiscoveryList')
      throw new TransportError(`discovery is answered with a ${kind}, not with resources`);
    return (items ?? []).flatMap(resourcesOf);
  });
}

const resourcesOf = ({ metadata, versions }: GroupDiscovery): ServedResource[] =>
  (versions ?? []).flatMap(({ version, resources }) =>
    (resources ?? []).map((one) => ({
      group: metadata.name ?? '',
      version,
      plural: one.resource,
      kind: one.responseKind?.kind ?? '',
      namespaced: one.scope === 'Namespaced',
      singular: one.singularResource || (one.responseKind?.kind ?? '').toLowerCase(),
      shortNames: one.shortNames ?? [],
      verbs: one.verbs,
      subresources: (one.subresources ?? []).map(({ subresource }) => subresource),
    })),
  );
