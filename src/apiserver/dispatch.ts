// From request info to the handler: which definition, which subresource, which verb; 404 and 405 for the rest.
import { pathNotFound, StatusError } from '../apimachinery/status-error.ts';
import type { CallHandler, HandlerTable, ResourceCall } from './call.ts';
import type { DefinitionCatalogue } from './catalogue.ts';
import { negotiate } from './negotiation.ts';
import { type ApiResult, header } from './request.ts';
import type { RequestInfo } from './request-info.ts';
import { verbHandlers } from './resources.ts';
import { shapesOf } from './shapes.ts';
import { parseIncludeObject } from './table.ts';

export async function dispatch(
  call: Omit<ResourceCall, 'definition'>,
  { catalogue, handlers }: { catalogue: DefinitionCatalogue; handlers: HandlerTable },
): Promise<ApiResult> {
  const { info } = call;
  const definition = catalogue.find(info.apiGroup, info.apiVersion, info.resource);
  if (!definition) throw pathNotFound();
  if (!definition.namespaced && info.namespace && info.resource !== 'namespaces') throw pathNotFound();
  // Before anything is done: what could not be answered must not happen.
  negotiate({
    accept: header(call.request, 'accept'),
    userAgent: undefined,
    query: call.request.query,
    shapes: shapesOf(info),
  });
  parseIncludeObject(call.request.query);
  const handler = info.subresource
    ? subresourceHandler(definition, info, handlers)
    : (handlers.get(`${definition.group}/${definition.plural}`) ?? mainHandler(definition, info));
  return await handler({ ...call, definition });
}

function subresourceHandler(
  definition: ResourceCall['definition'],
  info: RequestInfo,
  handlers: HandlerTable,
): CallHandler {
  const subresource = definition.subresources[info.subresource];
  if (!subresource) throw pathNotFound();
  if (info.parts.length > 3 && info.subresource !== 'proxy') throw pathNotFound();
  if (definition.namespaced && !info.namespace) throw pathNotFound();
  if (!subresource.verbs.includes(info.verb)) throw notAllowed();
  const handler =
    handlers.get(`${definition.group}/${definition.plural}/${info.subresource}`) ??
    handlers.get(`*/${info.subresource}`);
  if (!handler) throw pathNotFound();
  return handler;
}

function mainHandler(definition: ResourceCall['definition'], info: RequestInfo): CallHandler {
  const handler = verbHandlers[info.verb];
  if (!handler || !definition.verbs.some((verb) => verb === info.verb)) throw notAllowed();
  const named = info.parts.length > 1;
  const needsName = ['get', 'update', 'patch', 'delete'].includes(info.verb);
  if (needsName !== named && info.verb !== 'watch') throw notAllowed();
  if (definition.namespaced && !info.namespace && !['list', 'watch'].includes(info.verb)) throw notAllowed();
  return handler;
}

const notAllowed = (): StatusError =>
  new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
