// What a request costs before it is worked on (apiserver/pkg/util/flowcontrol/request/list_work_estimator.go).
import type { DefinitionCatalogue } from '../catalogue.ts';
import { collectionPrefix } from '../registry/keys.ts';
import type { WriteEnvironment } from '../registry/write.ts';
import type { RequestInfo } from '../request-info.ts';

const OBJECTS_PER_SEAT = 100;
const MAX_SEATS = 10;

const LONG_VERBS = new Set(['proxy']);
const LONG_SUBRESOURCES = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/** Requests that last as long as the caller likes take no seats. A watch takes one until it is open. */
export const isLongRunning = ({ isResource, verb, subresource }: RequestInfo): boolean =>
  isResource && (LONG_VERBS.has(verb) || LONG_SUBRESOURCES.has(subresource));

/** How many seats a request takes: one, or for a list as many as its objects take work. */
export function widthOf(
  info: RequestInfo,
  query: URLSearchParams,
  { catalogue, environment }: { catalogue: DefinitionCatalogue; environment: Pick<WriteEnvironment, 'storage'> },
): number {
  if (info.verb !== 'list' || info.name) return 1;
  const definition = catalogue.find(info.apiGroup, info.apiVersion, info.resource);
  if (!definition) return 1;
  const prefix = collectionPrefix(definition, info.namespace || undefined);
  const { entries, remaining } = environment.storage.list(prefix, { limit: 1 });
  const limit = Number(query.get('limit') ?? 0);
  const objects = Math.min(entries.length + remaining, limit > 0 ? limit : Number.POSITIVE_INFINITY);
  return Math.min(MAX_SEATS, Math.max(1, Math.ceil(objects / OBJECTS_PER_SEAT)));
}
