// GET /apis/history.tsukube.dev/v1[/namespaces/NS]/changes: what changed, over all resources, newest first; each sees
// what he may read the history of. Not among what discovery names: it is no resource.
import type { ResourceDefinition } from '../../api/definition.ts';
import { parseGroupVersion } from '../../apimachinery/meta.ts';
import type { Shape } from '../../apimachinery/patch/apply/shape.ts';
import { badRequest, StatusError } from '../../apimachinery/status-error.ts';
import type { Revised, StorageEntry } from '../../storage/storage.ts';
import type { ResourceCall } from '../call.ts';
import type { DefinitionCatalogue } from '../catalogue.ts';
import type { Authorizer } from '../identity.ts';
import { methodNotServed, plainNotFound } from '../paths/path-table.ts';
import { apiVersionOf, isStoredVersion, prepareViews } from '../registry/keys.ts';
import type { ApiResult } from '../request.ts';
import { accessTo, HISTORY_API } from './access.ts';
import { retained } from './object-history.ts';
import { checkParameters, limitAsked, readPage, SPAN_PARAMETERS, spanAsked } from './pages.ts';
import { isSecret, type Revision, statesOf, toRevision } from './revision.ts';
import { asWritten, changeShape } from './shapes.ts';
import { changeRows } from './tables.ts';

export interface Change extends Revision {
  object: { apiVersion: string; kind: string; resource: string; namespace?: string; name: string };
}

export interface ChangeListOptions {
  catalogue: DefinitionCatalogue;
  authorizer: Authorizer;
}

/** They change all the time and say little of what the cluster is. */
const LEFT_OUT = new Set(['/core/events/', '/coordination.k8s.io/leases/']);
const NAMESPACES = '/core/namespaces/';

export async function listChanges(
  call: Omit<ResourceCall, 'definition'>,
  { catalogue, authorizer }: ChangeListOptions,
): Promise<ApiResult> {
  const { env, info, request, user } = call;
  const { query } = request;
  if (info.apiVersion !== 'v1' || info.resource !== 'changes' || info.parts.length > 1) return plainNotFound();
  if (info.verb === 'watch') throw badRequest('changes cannot be watched: watch the resources themselves');
  if (info.verb !== 'list' || request.method !== 'GET') throw methodNotServed();
  checkParameters(query, 'changes', [...SPAN_PARAMETERS, 'user', 'resource']);
  const places = placesOf(catalogue);
  const prefix = prefixAsked(query.get('resource'), { namespace: info.namespace, places, warn: call.warn });
  const shapes = new Map<string, Shape>();
  const changedBy = query.get('user');

  const show = async (revised: Revised): Promise<Change | undefined> => {
    const place = placeOf(revised.entry, places);
    if (LEFT_OUT.has(place.prefix) || !isIn(info.namespace, place)) return undefined;
    const { definition, object } = place;
    const { group: apiGroup, version: apiVersion } = parseGroupVersion(object.apiVersion);
    const { resource, name } = object;
    // A Namespace is read with the rights that one has in it.
    const namespace = object.namespace ?? (place.prefix === NAMESPACES ? name : '');
    const access = await accessTo(authorizer, user, { apiGroup, apiVersion, resource, namespace, name });
    if (!access) return undefined;
    let shape = shapes.get(place.prefix);
    if (!shape) {
      shape = changeShape(definition, env.types);
      shapes.set(place.prefix, shape);
    }
    const isConverted = definition !== undefined && (await canConvert(definition, revised));
    const view = (entry: StorageEntry) => asWritten(isConverted ? definition : undefined, entry);
    const masked = access === 'masked' && isSecret({ group: apiGroup, resource });
    return { ...toRevision(revised, { shape, view, masked }), object };
  };

  const { items, metadata } = await readPage(env.storage, {
    query: { prefix, ...(changedBy ? { user: changedBy } : {}) },
    span: await spanAsked(env, query, prefix),
    limit: limitAsked(query),
    show,
    signal: call.signal(),
    clock: env.clock,
  });
  const retainedSince = await retained(env.storage, prefix);
  const object = { kind: 'ChangeList', apiVersion: HISTORY_API, metadata, retainedSince, items };
  return { type: 'object', status: 200, object, rows: changeRows(items) };
}

/** What a webhook fails to convert is shown as it is stored: one type must not keep all others from being listed. */
async function canConvert(definition: ResourceDefinition, revised: Revised): Promise<boolean> {
  try {
    await prepareViews(definition, statesOf(revised));
    return true;
  } catch (error) {
    if (error instanceof StatusError) return false;
    throw error;
  }
}

/** Definitions by the prefix of their keys, in the version that is stored. */
function placesOf(catalogue: DefinitionCatalogue): ReadonlyMap<string, ResourceDefinition> {
  const places = new Map<string, ResourceDefinition>();
  for (const definition of catalogue.all()) {
    const { group, resource } = definition.storage;
    const prefix = `/${group || 'core'}/${resource}/`;
    if (!places.has(prefix) || isStoredVersion(definition)) places.set(prefix, definition);
  }
  return places;
}

interface Asked {
  namespace: string;
  places: ReadonlyMap<string, ResourceDefinition>;
  warn(text: string): void;
}

/** `resource` is as in deployments.apps; '/' is the whole store. Throws 400 for what no list of changes can hold. */
function prefixAsked(resource: string | null, { namespace, places, warn }: Asked): string {
  if (!resource) return '/';
  const dot = resource.indexOf('.');
  const [plural, group] = dot < 0 ? [resource, 'core'] : [resource.slice(0, dot), resource.slice(dot + 1)];
  if (!plural || !group || resource.includes('/')) {
    throw badRequest(`resource ${JSON.stringify(resource)} names none: write it as in deployments.apps or pods`);
  }
  const prefix = `/${group}/${plural}/`;
  if (LEFT_OUT.has(prefix) || prefix === '/events.k8s.io/events/') {
    throw badRequest(`changes of ${resource} are not listed: read the history of one of them`);
  }
  const definition = places.get(prefix);
  if (!definition) warn(`no resource ${JSON.stringify(resource)} is served; what there was of it is listed`);
  if (!namespace || prefix === NAMESPACES) return prefix;
  if (definition && !definition.namespaced) {
    throw badRequest(`${resource} are in no namespace: list changes without one`);
  }
  return `${prefix}${namespace}/`;
}

interface KnownPlace {
  prefix: string;
  definition: ResourceDefinition | undefined;
  object: Change['object'];
}

/** What an entry's key and content say of it; the definition is missing once its type is not served any more. */
function placeOf(entry: StorageEntry, places: ReadonlyMap<string, ResourceDefinition>): KnownPlace {
  const [, , resource = ''] = entry.key.split('/');
  const prefix = entry.key.split('/').slice(0, 3).join('/').concat('/');
  const definition = places.get(prefix);
  const { apiVersion = '', kind = '', metadata } = entry.object;
  const type = definition
    ? { apiVersion: apiVersionOf(definition), kind: definition.kind, resource: definition.plural }
    : { apiVersion, kind, resource };
  const namespace = metadata.namespace ? { namespace: metadata.namespace } : {};
  return { prefix, definition, object: { ...type, ...namespace, name: metadata.name ?? '' } };
}

/** A Namespace itself counts as in it. */
function isIn(namespace: string, { prefix, object }: KnownPlace): boolean {
  if (!namespace || object.namespace === namespace) return true;
  return prefix === NAMESPACES && object.name === namespace;
}
