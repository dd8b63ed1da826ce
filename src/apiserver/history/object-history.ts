// GET <object>/history: every change of one name that is kept, newest first, of objects that are gone, too.
import { notFound } from '../../apimachinery/status-error.ts';
import type { Storage } from '../../storage/storage.ts';
import { type CallHandler, namespaceOf, type ResourceCall } from '../call.ts';
import type { Authorizer } from '../identity.ts';
import { groupResource, objectKey, prepareViews } from '../registry/keys.ts';
import { accessTo, HISTORY_API } from './access.ts';
import { checkParameters, limitAsked, readPage, SPAN_PARAMETERS, spanAsked } from './pages.ts';
import { iso } from './past.ts';
import { isSecret, statesOf, toRevision } from './revision.ts';
import { asWritten, changeShape } from './shapes.ts';
import { historyRows } from './tables.ts';

export const objectHistoryHandler =
  ({ authorizer }: { authorizer: Authorizer }): CallHandler =>
  async (call) => {
    const { definition, env, info, request } = call;
    const { storage, clock } = env;
    const { query } = request;
    checkParameters(query, 'history', SPAN_PARAMETERS);
    const key = objectKey(definition, namespaceOf(call), info.name);
    const span = await spanAsked(env, query, key);
    const shape = changeShape(definition, env.types);
    const masked = isSecret(definition.storage) && !(await seesWhole(call, authorizer));
    const { items, metadata } = await readPage(storage, {
      query: { prefix: key, exact: true },
      span,
      limit: limitAsked(query),
      show: async (revised) => {
        await prepareViews(definition, statesOf(revised));
        return toRevision(revised, { shape, view: (entry) => asWritten(definition, entry), masked });
      },
      signal: call.signal(),
      clock,
    });
    if (items.length === 0 && !storage.get(key) && !(await hasChanges(storage, key))) {
      throw notFound(groupResource(definition), info.name);
    }
    const retainedSince = await retained(storage, key);
    const object = { kind: 'ObjectHistory', apiVersion: HISTORY_API, metadata, retainedSince, items };
    return { type: 'object', status: 200, object, rows: historyRows(items, info) };
  };

async function seesWhole({ user, info }: ResourceCall, authorizer: Authorizer): Promise<boolean> {
  return (await accessTo(authorizer, user, info)) === 'whole';
}

const hasChanges = async (storage: Storage, key: string): Promise<boolean> =>
  (await storage.changes({ prefix: key, exact: true, limit: 1 })).length > 0;

/** The oldest moment at which what is at `place` can be read. */
export async function retained(storage: Storage, place: string): Promise<{ resourceVersion: string; time?: string }> {
  const { revision, time } = await storage.oldest(place);
  return { resourceVersion: String(revision), ...(time === undefined ? {} : { time: iso(time) }) };
}
