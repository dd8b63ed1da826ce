// get and list over a definition: resourceVersion semantics, pages and selectors (docs/guarantees.md, rules 8-19).
import type { ResourceDefinition } from '../../api/definition.ts';
import type { ListMeta } from '../../apimachinery/meta.ts';
import {
  badRequest,
  expired,
  notFound,
  type StatusError,
  tooLargeResourceVersion,
  unexpected,
} from '../../apimachinery/status-error.ts';
import {
  Compacted,
  type ListOptions,
  type ListPage,
  type Revision,
  type Storage,
  type StorageEntry,
} from '../../storage/storage.ts';
import type { ListResult } from '../request.ts';
import { decodeContinue, encodeContinue } from './continue-token.ts';
import { collectionPrefix, groupResource, objectKey, prepareViews, viewOf } from './keys.ts';
import { type ListParameters, parseRevision, revisionProblem } from './parameters.ts';
import { compileSelection, type Selection } from './selection.ts';

/** How long a read waits for a revision that has not been reached (cacher's blockTimeout). */
const REVISION_WAIT_MS = 3_000;

/** Rejects with 404, or 504 when `resourceVersion` is not reached in time. */
export async function getEntry(
  storage: Storage,
  definition: ResourceDefinition,
  target: { namespace: string | undefined; name: string; resourceVersion?: string },
): Promise<StorageEntry> {
  if (target.resourceVersion) {
    const revision = parseRevision(target.resourceVersion);
    if (revision === undefined) throw invalidRevision(target.resourceVersion);
    await reach(storage, revision);
  }
  const entry = storage.get(objectKey(definition, target.namespace, target.name));
  if (!entry) throw notFound(groupResource(definition), target.name);
  return entry;
}

const unparsable = (text: string): string =>
  `resourceVersion: Invalid value: ${JSON.stringify(text)}: ${revisionProblem(text)}`;

/** Upstream's GET, PUT and watch answer 500 with no reason here, unlike its list. */
export const invalidRevision = (text: string): StatusError => unexpected(unparsable(text));

/** Waits until `revision` is visible; rejects with 504 when it takes too long. */
export async function reach(storage: Storage, revision: Revision): Promise<void> {
  if (revision <= storage.revision) return;
  if (!Number.isSafeInteger(revision) || !(await storage.waitFor(revision, REVISION_WAIT_MS))) {
    throw tooLargeResourceVersion(revision, storage.revision);
  }
}

export async function listEntries(
  storage: Storage,
  definition: ResourceDefinition,
  namespace: string | undefined,
  parameters: ListParameters,
): Promise<ListResult> {
  const selection = compileSelection(definition, parameters.selectors);
  const prefix = collectionPrefix(definition, namespace);
  const plan = planList(parameters);
  const matches = selection.everything
    ? undefined
    : (entry: StorageEntry) => selection.matches(viewOf(definition, entry));
  const page = definition.views?.prepare
    ? await readPrepared(storage, prefix, { plan, selection, matches, definition })
    : await readPage(storage, prefix, { plan, selection, matches });
  const metadata: ListMeta = { resourceVersion: String(page.revision) };
  if (page.next !== undefined && plan.limit > 0) {
    metadata.continue = encodeContinue({ revision: page.revision, start: page.next.slice(prefix.length) });
    if (selection.everything && page.remaining > 0) metadata.remainingItemCount = page.remaining;
  }
  return { type: 'list', definition, metadata, entries: page.entries };
}

interface ListPlan {
  limit: number;
  start?: string;
  /** Read at this very revision; undefined: the newest state. */
  exact?: Revision;
  /** The newest state, once it is at least this old. */
  atLeast?: Revision;
  fromToken: boolean;
}

/** The matrix of resourceVersion, resourceVersionMatch, limit and continue (rule 12). */
function planList(p: ListParameters): ListPlan {
  // The watch cache, which answers resourceVersion 0 upstream, ignores the limit (cacher/delegator).
  const limit = p.resourceVersion === '0' && p.resourceVersionMatch === '' ? 0 : Math.max(0, p.limit);
  if (p.continue !== '') {
    if (p.resourceVersion !== '' && p.resourceVersion !== '0') {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    const token = decodeContinue(p.continue);
    const exact = token.revision > 0 ? { exact: token.revision } : {};
    return { limit, start: token.start, fromToken: true, ...exact };
  }
  if (p.resourceVersion === '') return { limit, fromToken: false };
  const revision = parseRevision(p.resourceVersion);
  if (revision === undefined) throw badRequest(`invalid resource version: ${unparsable(p.resourceVersion)}`);
  if (p.resourceVersionMatch === 'Exact') return { limit, exact: revision, fromToken: false };
  if (revision === 0) return { limit, fromToken: false };
  if (p.resourceVersionMatch === '' && limit > 0) return { limit, exact: revision, fromToken: false };
  return { limit, atLeast: revision, fromToken: false };
}

interface PageRequest {
  plan: ListPlan;
  selection: Selection;
  matches: ((entry: StorageEntry) => boolean) | undefined;
}

/** Objects that must be converted before they can be looked at are read first and selected then. */
async function readPrepared(
  storage: Storage,
  prefix: string,
  { definition, ...request }: PageRequest & { definition: ResourceDefinition },
): Promise<ListPage> {
  const { plan, matches } = request;
  if (!matches) {
    const page = await readPage(storage, prefix, request);
    await prepareViews(definition, page.entries);
    return page;
  }
  const whole = await readPage(storage, prefix, { ...request, matches: undefined, plan: { ...plan, limit: 0 } });
  await prepareViews(definition, whole.entries);
  const entries = whole.entries.filter(matches);
  const next = plan.limit > 0 ? entries[plan.limit] : undefined;
  if (!next) return { ...whole, entries };
  return { ...whole, entries: entries.slice(0, plan.limit), next: next.key };
}

async function readPage(
  storage: Storage,
  prefix: string,
  { plan, selection, matches }: PageRequest,
): Promise<ListPage> {
  const options: ListOptions = {
    ...(plan.start ? { start: prefix + plan.start } : {}),
    ...(plan.limit > 0 ? { limit: plan.limit } : {}),
    ...(matches ? { filter: matches } : {}),
  };
  if (plan.atLeast !== undefined) await reach(storage, plan.atLeast);
  if (plan.exact === undefined) {
    return oneKey(storage, prefix, { selection, options }) ?? storage.list(prefix, options);
  }
  await reach(storage, plan.exact);
  if (plan.exact === storage.revision) return storage.list(prefix, options);
  try {
    return await storage.listAt(prefix, plan.exact, options);
  } catch (error) {
    if (error instanceof Compacted) throw tooOld(plan);
    throw error;
  }
}

/** A list of one name is a look-up when the name makes a whole key. */
function oneKey(
  storage: Storage,
  prefix: string,
  { selection, options }: { selection: Selection; options: ListOptions },
): ListPage | undefined {
  const key = selection.name === undefined ? undefined : selection.keyUnder(prefix);
  if (key === undefined || options.start !== undefined) return undefined;
  const revision = storage.revision;
  const entry = storage.get(key);
  const entries = entry && (options.filter?.(entry) ?? true) ? [entry] : [];
  return { entries, revision, remaining: 0 };
}

function tooOld(plan: ListPlan): StatusError {
  if (!plan.fromToken || plan.start === undefined) {
    return expired('The resourceVersion for the provided list is too old.');
  }
  return expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
      'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
      'deleted between the time the first chunk was returned and now may show up in the list.',
    { continue: encodeContinue({ revision: -1, start: plan.start }) },
  );
}
