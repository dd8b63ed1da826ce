// From request info to the handler: which definition, which subresource, which verb; 404 and 405 for the rest.
import { deprecationWarnings } from '../api/deprecation.ts';
import { notFound, pathNotFound } from '../apimachinery/status-error.ts';
import type { CallHandler, HandlerTable, ResourceCall } from './call.ts';
import type { DefinitionCatalogue } from './catalogue.ts';
import { HISTORY_GROUP, HISTORY_SHAPES, isObjectHistory } from './history/access.ts';
import { listChanges } from './history/change-list.ts';
import { checkAsOf } from './history/past.ts';
import type { Authorizer } from './identity.ts';
import { type NegotiationRequest, negotiate, type Representation, requireRoute } from './negotiation.ts';
import { methodNotServed, plainNotFound } from './paths/path-table.ts';
import { groupResource } from './registry/keys.ts';
import { type Answer, type ApiRequest, header, mediaTypesOf } from './request.ts';
import type { RequestInfo } from './request-info.ts';
import { verbHandlers } from './resources.ts';
import { requireFit, shapesOf } from './shapes.ts';
import { parseIncludeObject } from './table.ts';

const CONNECTED = new Set(['attach', 'exec', 'portforward', 'proxy']);

export async function dispatch(
  call: Omit<ResourceCall, 'definition'>,
  options: { catalogue: DefinitionCatalogue; handlers: HandlerTable; authorizer: Authorizer },
): Promise<Answer> {
  const { info, request } = call;
  const { catalogue, handlers } = options;
  if (info.apiGroup === HISTORY_GROUP) {
    const representation = representationFor(request, { shapes: HISTORY_SHAPES, custom: true });
    return { result: await listChanges(call, options), representation };
  }
  const definition = catalogue.find(info.apiGroup, info.apiVersion, info.resource);
  if (!definition) {
    // What custom resources do not serve is left to the mux, which knows no Status.
    const isBuiltIn = catalogue.all().some((one) => one.group === info.apiGroup && !isCustom(one));
    if (!isBuiltIn) return { result: plainNotFound() };
    throw pathNotFound();
  }
  if (info.verb === 'proxy') throw pathNotFound(); // the older way to it, which is gone
  if (!isInScope(definition, info)) {
    if (isCustom(definition)) return { result: plainNotFound() };
    throw pathNotFound();
  }
  const handler = info.subresource
    ? subresourceHandler(definition, info, handlers)
    : mainHandler(definition, info, { handlers, method: request.method });
  if (request.method === 'HEAD') throw methodNotServed();
  checkAsOf(info, request.query, !isVirtual(definition, handlers));
  // What is behind a connection answers in formats of its own.
  if (CONNECTED.has(info.subresource)) return { result: await handler({ ...call, definition }) };
  if (!isCustom(definition)) {
    const mediaTypes = mediaTypesOf(request);
    requireRoute(header(request, 'accept'), { streams: info.verb === 'list' || info.verb === 'watch', mediaTypes });
  }
  for (const text of deprecationOf(definition)) call.warn(text);
  const answer = {
    shapes: isObjectHistory(info) ? HISTORY_SHAPES : shapesOf(verbsOf(definition, info)),
    custom: isObjectHistory(info) || (isCustom(definition) && info.subresource !== 'scale'),
  };
  const representation = representationFor(request, answer);
  const result = await handler({ ...call, definition });
  requireFit(result, representation);
  if (result.type !== 'watch') return { result, representation };
  // That a format has no watches is told after what is wrong with the request itself (handlers/watch.go).
  return { result, representation: representationFor(request, { ...answer, watch: true }) };
}

function representationFor(
  request: ApiRequest,
  answer: Pick<NegotiationRequest, 'shapes' | 'custom' | 'watch'>,
): Representation {
  const { query } = request;
  const representation = negotiate({
    accept: header(request, 'accept'),
    userAgent: header(request, 'user-agent'),
    query,
    mediaTypes: mediaTypesOf(request),
    ...answer,
  });
  if (representation.as?.kind === 'Table') parseIncludeObject(query);
  return representation;
}

const verbsOf = (definition: ResourceCall['definition'], { subresource }: RequestInfo): readonly string[] =>
  (subresource ? definition.subresources[subresource] : definition)?.verbs ?? [];

/** Of what is not stored but made up when asked for. */
const isVirtual = ({ group, plural }: ResourceCall['definition'], handlers: HandlerTable): boolean =>
  handlers.has(`${group}/${plural}`);

function subresourceHandler(
  definition: ResourceCall['definition'],
  info: RequestInfo,
  handlers: HandlerTable,
): CallHandler {
  if (info.subresource === 'history') return historyHandler(definition, info, handlers);
  const subresource = definition.subresources[info.subresource];
  if (!subresource) throw isCustom(definition) ? notFound(groupResource(definition), info.name) : pathNotFound();
  if (info.parts.length > 3 && info.subresource !== 'proxy') throw pathNotFound();
  if (!subresource.verbs.includes(info.verb)) throw methodNotServed();
  const handler =
    handlers.get(`${definition.group}/${definition.plural}/${info.subresource}`) ??
    handlers.get(`*/${info.subresource}`);
  if (!handler) throw pathNotFound();
  return handler;
}

/** Everything that can be read by name has one; discovery does not tell, so that it is upstream's. */
function historyHandler(
  definition: ResourceCall['definition'],
  info: RequestInfo,
  handlers: HandlerTable,
): CallHandler {
  const handler = handlers.get('*/history');
  const isKept = definition.verbs.includes('get') && !isVirtual(definition, handlers);
  if (!handler || !isKept || info.parts.length > 3) throw pathNotFound();
  if (!isObjectHistory(info)) throw methodNotServed();
  return handler;
}

/** A path must name a namespace where there are such, and none where there are not. */
function isInScope(definition: ResourceCall['definition'], { namespace, name, resource }: RequestInfo): boolean {
  if (definition.namespaced) return namespace !== '' || (!name && definition.verbs.includes('list'));
  return !namespace || (resource === 'namespaces' && name === namespace);
}

/** Made of a CustomResourceDefinition. */
const isCustom = ({ fit }: ResourceCall['definition']): boolean => fit !== undefined;

const NAMED_VERBS = new Set(['get', 'update', 'patch', 'delete']);

function mainHandler(
  definition: ResourceCall['definition'],
  info: RequestInfo,
  { handlers, method }: { handlers: HandlerTable; method: string },
): CallHandler {
  const named = info.parts.length > 1;
  if (named && !definition.verbs.some((verb) => NAMED_VERBS.has(verb))) throw pathNotFound();
  const handler = handlers.get(`${definition.group}/${definition.plural}`) ?? verbHandlers[info.verb];
  if (!handler || !definition.verbs.some((verb) => verb === info.verb)) throw methodNotServed();
  if (info.verb === 'watch' && method !== 'GET') throw methodNotServed();
  if (NAMED_VERBS.has(info.verb) !== named && info.verb !== 'watch') throw methodNotServed();
  if (definition.namespaced && !info.namespace && !['list', 'watch'].includes(info.verb)) throw methodNotServed();
  return handler;
}

function deprecationOf({ group, version, kind, fit, deprecation }: ResourceCall['definition']): string[] {
  if (fit) return deprecation === undefined ? [] : [deprecation];
  return deprecationWarnings({ g: group, v: version, k: kind });
}
