// What a server behind an APIService says it serves, in the aggregated form: as it tells it itself, or made of its
// older APIResourceList (apiserver/pkg/endpoints/groupversion.go ConvertGroupVersionIntoToDiscovery).
import { AGGREGATED_CONTENT_TYPE } from '../discovery/documents.ts';
import { openapiV2Protobuf } from '../openapi/gnostic.ts';
import { partOf, type V2Part } from '../openapi/merge-v2.ts';
import type { BackendAnswer } from './backend.ts';

export interface ResourceDiscovery {
  resource: string;
  responseKind?: GroupVersionKind;
  scope?: string;
  singularResource?: string;
  verbs?: readonly string[];
  shortNames?: readonly string[];
  categories?: readonly string[];
  subresources?: { subresource: string; responseKind?: GroupVersionKind; verbs?: readonly string[] }[];
}

interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

/** One line of an APIResourceList. */
interface ApiResource {
  name: string;
  singularName?: string;
  namespaced?: boolean;
  group?: string;
  version?: string;
  kind: string;
  verbs?: string[];
  shortNames?: string[];
  categories?: string[];
}

/** With an `etag` the answer is 304 when nothing has changed. */
type Get = (path: string, accept: string, etag?: string) => Promise<BackendAnswer>;

/** Rejects when neither form can be had. */
export async function discover(
  get: Get,
  { group, version }: { group: string; version: string },
): Promise<ResourceDiscovery[]> {
  const aggregated = await get('/apis', `${AGGREGATED_CONTENT_TYPE},application/json;q=0.5`);
  if (aggregated.status === 200 && /as=APIGroupDiscoveryList/.test(aggregated.contentType)) {
    const found = ofAggregated(parse(aggregated), group, version);
    if (found) return found;
  }
  const path = `/apis/${group}/${version}`;
  const legacy = await get(path, 'application/json');
  if (legacy.status !== 200) throw new Error(`${path} was answered with ${legacy.status}`);
  const { resources } = parse(legacy) as { resources?: ApiResource[] };
  return ofList(resources ?? []);
}

/**
 * Where the server has the OpenAPI v3 document of a version, with its hash; undefined when it tells none. Resources are
 * served without it.
 */
export async function openapiOf(
  get: Get,
  { group, version }: { group: string; version: string },
): Promise<string | undefined> {
  const answer = await get('/openapi/v3', 'application/json');
  if (answer.status !== 200) return undefined;
  const { paths } = parse(answer) as { paths?: Record<string, { serverRelativeURL?: unknown } | undefined> };
  const url = paths?.[`apis/${group}/${version}`]?.serverRelativeURL;
  return typeof url === 'string' && url.startsWith('/openapi/v3/apis/') ? url : undefined;
}

/** What a server's OpenAPI v2 document has of a version. */
export interface RemoteV2 {
  etag: string;
  part: V2Part;
}

/** `known` is kept while the server says that it still holds; undefined when it has no such document. */
export async function openapiV2Of(
  get: Get,
  { group, version }: { group: string; version: string },
  known: RemoteV2 | undefined,
): Promise<RemoteV2 | undefined> {
  const answer = await get('/openapi/v2', 'application/json', known?.etag);
  if (answer.status === 304) return known;
  if (answer.status !== 200) return undefined;
  const part = partOf(parse(answer) as Record<string, unknown>, `/apis/${group}/${version}`);
  if (Object.keys(part.paths).length === 0) return undefined;
  openapiV2Protobuf(part); // what could not be written so, throws here, and is left out of the merged document
  return { etag: answer.etag, part };
}

function parse({ body }: BackendAnswer): unknown {
  const value: unknown = JSON.parse(body.toString());
  if (typeof value !== 'object' || value === null) throw new Error('discovery was answered with something else');
  return value;
}

interface GroupDiscoveryList {
  items?: { metadata?: { name?: string }; versions?: { version: string; resources?: ResourceDiscovery[] }[] }[];
}

const ofAggregated = (list: unknown, group: string, version: string): ResourceDiscovery[] | undefined =>
  (list as GroupDiscoveryList).items
    ?.find(({ metadata }) => metadata?.name === group)
    ?.versions?.find((one) => one.version === version)?.resources;

/** Subresources ("pods/status") go under their resources. */
export function ofList(list: readonly ApiResource[]): ResourceDiscovery[] {
  const kindOf = ({ group = '', version = '', kind }: ApiResource): GroupVersionKind => ({ group, version, kind });
  const resources = new Map<string, ResourceDiscovery>();
  for (const one of list.filter(({ name }) => !name.includes('/'))) {
    const { name, singularName = '', namespaced, verbs = [], shortNames, categories } = one;
    resources.set(name, {
      resource: name,
      responseKind: kindOf(one),
      scope: namespaced ? 'Namespaced' : 'Cluster',
      singularResource: singularName,
      verbs,
      ...(shortNames ? { shortNames } : {}),
      ...(categories ? { categories } : {}),
    });
  }
  for (const one of list) {
    const [parent = '', subresource] = one.name.split('/', 2);
    if (!subresource) continue;
    const owner = resources.get(parent) ?? {
      resource: parent,
      scope: one.namespaced ? 'Namespaced' : 'Cluster',
      singularResource: '',
      verbs: [],
    };
    owner.subresources = [
      ...(owner.subresources ?? []),
      { subresource, responseKind: kindOf(one), verbs: one.verbs ?? [] },
    ];
    resources.set(parent, owner);
  }
  return [...resources.values()];
}
