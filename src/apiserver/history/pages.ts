// Pages of changes, newest first. A page ends at its limit, when it has grown large, or when much was read to find
// little; `continue` goes on where it ended, in the same span, whatever has happened since.
import { setImmediate as turn } from 'node:timers/promises';
import { badRequest } from '../../apimachinery/status-error.ts';
import type { Clock } from '../../clock.ts';
import type { ChangesQuery, Revised, Revision, Storage } from '../../storage/storage.ts';
import { parseInteger } from '../registry/parameters.ts';
import { HISTORY_API } from './access.ts';
import { iso, revisionAt, timeOf, tooLongAgo } from './past.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const MAX_CHARACTERS = 4 * 1024 * 1024;
/** As many changes are looked at for one page, at most. */
const MAX_READ = 10_000;
/** The store looks through as many revisions at a time for what is asked for, at most, and so often. */
const WINDOW = 2_048;
const MAX_WINDOWS = 256;
/** Read at a time; more while that takes less than TURN_MS, fewer when it takes more. */
const MIN_CHUNK = 2;
const MAX_CHUNK = 128;
const TURN_MS = 8;

/** What both kinds of history take, besides what every request does. */
export const SPAN_PARAMETERS = ['from', 'to', 'limit', 'continue'];
const EVERYWHERE = ['includeObject', 'pretty', 'timeout'];

/** Throws 400 for a parameter that would do nothing: it was meant to do something. */
export function checkParameters(query: URLSearchParams, what: string, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (known.includes(name) || EVERYWHERE.includes(name)) continue;
    throw badRequest(
      `${what} takes no parameter ${JSON.stringify(name)}: it takes ${known.slice(0, -1).join(', ')} and ${known.at(-1)}`,
    );
  }
}

export interface Span {
  /** The newest revision there was when the first page was read. */
  revision: Revision;
  /** Changes with a greater revision ... */
  after: Revision;
  /** ... that is not greater than this. */
  upTo: Revision;
}

/** Which changes of `place` (a key or a prefix) are asked for. Throws 400, or 410 when all of it was given up. */
export async function spanAsked(
  { storage, clock }: { storage: Storage; clock: Clock },
  query: URLSearchParams,
  place: string,
): Promise<Span> {
  const token = query.get('continue');
  const { revision } = storage;
  if (token) return decodeToken(token, revision);
  const now = clock.now();
  const [from, to] = ['from', 'to'].map((name) => {
    const text = query.get(name);
    return text === null ? undefined : timeOf(name, text, now);
  });
  if (from !== undefined && from > now) throw badRequest(`from ${iso(from)} lies in the future: it is ${iso(now)}`);
  if (from !== undefined && to !== undefined && from > to) {
    throw badRequest(`from ${iso(from)} is later than to ${iso(to)}: exchange them`);
  }
  // What was changed in the very millisecond belongs to the span.
  const after = from === undefined ? undefined : await revisionAt(storage, from - 1);
  const upTo = to === undefined || to >= now ? revision : await revisionAt(storage, to);
  if (upTo === undefined) throw await tooLongAgo(storage, place, `to ${query.get('to')}`);
  return { revision, after: Math.max(after ?? 0, storage.compactRevision), upTo };
}

export function limitAsked(query: URLSearchParams): number {
  const limit = query.get('limit') ? (parseInteger(query, 'limit') ?? 0) : 0;
  return limit > 0 ? Math.min(limit, MAX_LIMIT) : DEFAULT_LIMIT;
}

export interface PageQuery<T> {
  query: Pick<ChangesQuery, 'prefix' | 'exact' | 'user'>;
  span: Span;
  limit: number;
  /** Undefined for what does not belong on the page. */
  show(revised: Revised): T | undefined | Promise<T | undefined>;
  /** Aborts when nobody waits for the page any more. */
  signal: AbortSignal;
  clock: Clock;
}

export interface Page<T> {
  items: T[];
  /** Of the list that shows the page. */
  metadata: { resourceVersion: string; continue?: string };
}

export async function readPage<T>(storage: Storage, request: PageQuery<T>): Promise<Page<T>> {
  const { query, span, limit, clock } = request;
  const items: T[] = [];
  let characters = 0;
  let read = 0;
  let chunk = MIN_CHUNK;
  let next = span.upTo;
  const page = (): Page<T> => {
    const more = next > span.after ? { continue: encodeToken({ ...span, upTo: next }) } : {};
    return { items, metadata: { resourceVersion: String(span.revision), ...more } };
  };
  for (let windows = 0; next > span.after && windows < MAX_WINDOWS; windows++) {
    if (windows > 0) await turn(); // other work gets its turn
    if (request.signal.aborted) break;
    const started = clock.monotonic();
    const after = query.exact ? span.after : Math.max(span.after, next - WINDOW);
    const rows = await storage.changes({ ...query, after, upTo: next, limit: chunk });
    for (const revised of rows) {
      next = revised.revision;
      if (items.length === limit || characters > MAX_CHARACTERS || read === MAX_READ) return page();
      next = revised.revision - 1;
      read++;
      const item = await request.show(revised);
      if (item === undefined) continue;
      items.push(item);
      characters += JSON.stringify(item).length;
    }
    if (rows.length < chunk) next = after;
    const took = clock.monotonic() - started;
    chunk = took > TURN_MS ? Math.max(MIN_CHUNK, chunk >> 1) : Math.min(MAX_CHUNK, chunk << 1);
  }
  return page();
}

const encodeToken = ({ revision, after, upTo }: Span): string =>
  Buffer.from(JSON.stringify({ v: HISTORY_API, rv: revision, after, upTo })).toString('base64url');

/** Throws 400 for what was not made by encodeToken here. */
function decodeToken(text: string, current: Revision): Span {
  const invalid = (why: string) => badRequest(`continue key is not valid: ${why}; start again without it`);
  let token: { v?: unknown; rv?: unknown; after?: unknown; upTo?: unknown } | null;
  try {
    token = JSON.parse(Buffer.from(text, 'base64url').toString()) as typeof token;
  } catch {
    throw invalid('it is no JSON in base64url');
  }
  if (token?.v !== HISTORY_API) throw invalid('it does not come from a history');
  const { rv, after, upTo } = token;
  if (!isRevision(rv) || !isRevision(after) || !isRevision(upTo) || upTo > rv || rv > current) {
    throw invalid('its revisions are none of this server');
  }
  return { revision: rv, after, upTo };
}

const isRevision = (value: unknown): value is Revision => Number.isSafeInteger(value) && (value as number) >= 0;
