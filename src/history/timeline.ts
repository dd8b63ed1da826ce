// `tsukube timeline`: what changed in a namespace, and the Events in it, in one list by time.
import { ageOf } from '../api/columns/age.ts';
import { events, namespaces } from '../api/resources.ts';
import type { AnyObject } from '../apimachinery/meta.ts';
import { hasReason } from '../apimachinery/status-error.ts';
import { isOfStatusOnly } from './actors.ts';
import { maskedRevisions } from './mask.ts';
import type { Moment } from './moment.ts';
import { atRevision, type Past } from './past.ts';
import { leftOut, type ShowOptions, styleOf, whatOf, whoOf } from './show-history.ts';
import { columns } from './text.ts';
import type { Change } from './types.ts';

export type Entry =
  | { time: string; change: Change }
  /** A v1 Event, at the time it was last seen. */
  | { time: string; event: AnyObject };

export interface TimelineQuery {
  namespace: string;
  from?: Moment | undefined;
  to?: Moment | undefined;
  limit: number;
}

export interface Timeline {
  /** The oldest first; the newest `limit` of them. */
  entries: Entry[];
  /** Older ones are left out. */
  more: boolean;
}

export async function timelineOf(past: Past, query: TimelineQuery): Promise<Timeline> {
  const { namespace, from, to, limit } = query;
  const { items, more } = await past.changes({ namespace, from, to, limit });
  const found = await eventsOf(past, query, items);
  const oldest = items.at(-1)?.time;
  const newest = items[0]?.time;
  const entries: Entry[] = [
    ...items.map((change) => ({ time: change.time, change })),
    ...found.map((event) => ({ time: timeOf(event), event })),
  ];
  // Ends given as revisions have no time but that of the changes there.
  const inSpan = entries.filter(
    (entry) =>
      'change' in entry ||
      ((!more || oldest === undefined || entry.time >= oldest) &&
        (from?.kind !== 'revision' || oldest === undefined || entry.time >= oldest) &&
        (to?.kind !== 'revision' || newest === undefined || entry.time <= newest)),
  );
  const sorted = inSpan.toSorted((a, b) => placeOf(a) - placeOf(b));
  return { entries: sorted.slice(-limit), more: more || sorted.length > limit };
}

/** Events are told in whole seconds: what they tell of came before them, so they stand at the end of theirs. */
const placeOf = (entry: Entry): number =>
  Date.parse(entry.time) + ('event' in entry && entry.time.endsWith('.000Z') ? 999 : 0);

/** Those that are there, those that were at the end of the span, and those that went with the namespace. */
async function eventsOf(
  past: Past,
  { namespace, to }: TimelineQuery,
  changes: readonly Change[],
): Promise<AnyObject[]> {
  const there = await past.objectAt({ type: namespaces, namespace: undefined, name: namespace });
  const deleted = changes.find(
    ({ object, operation, changes: fields }) =>
      object.kind === 'Namespace' &&
      (operation === 'delete' || fields.some(({ path }) => path === '.metadata.deletionTimestamp')),
  );
  const moments: (Moment | undefined)[] = [undefined];
  if (to) moments.push(to);
  if (!there && deleted) moments.push(atRevision(Number(deletionOf(changes, deleted).resourceVersion) - 1));
  const lists = await Promise.all(moments.map((at) => eventsAt(past, namespace, at)));
  return [...new Map(lists.flat().map((event) => [`${event.metadata.uid} ${timeOf(event)}`, event])).values()];
}

/** None where they are not kept any more: Events are kept for an hour, and the changes are there without them. */
async function eventsAt(past: Past, namespace: string, at: Moment | undefined): Promise<AnyObject[]> {
  try {
    return await past.listAt(events, { namespace }, at);
  } catch (error) {
    if (at && hasReason(error, 'Expired')) return [];
    throw error;
  }
}

/** Where the deletion of the same life of the namespace began. */
const deletionOf = (changes: readonly Change[], { uid }: Change): Change =>
  changes.findLast(
    (change) => change.uid === uid && change.changes.some(({ path }) => path === '.metadata.deletionTimestamp'),
  ) ?? (changes.find((change) => change.uid === uid) as Change);

/** series, last and first seen, whichever the event has. */
export function timeOf(event: AnyObject): string {
  const { series, lastTimestamp, eventTime, firstTimestamp } = event as {
    series?: { lastObservedTime?: string };
    lastTimestamp?: string | null;
    eventTime?: string | null;
    firstTimestamp?: string | null;
  };
  const time =
    series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? event.metadata.creationTimestamp;
  return new Date(time ?? 0).toISOString();
}

export function timelineLines({ entries, more }: Timeline, { now, paint, all = false }: ShowOptions): string[] {
  const header = ['TIME', 'AGE', 'REVISION', 'WHO', 'OBJECT', 'WHAT'];
  const shown = all ? entries : entries.filter((entry) => !('change' in entry && isOfStatusOnly(entry.change)));
  const rows = shown.map((entry) => ('change' in entry ? changeRow(entry.change, now) : eventRow(entry, now)));
  const [head = '', ...lines] = columns([header, ...rows], paint);
  const left = more ? [paint('dim', 'older ones are left out: --limit or --from and --to show them')] : [];
  return [...left, paint('bold', head), ...lines, ...leftOut(entries.length - shown.length, paint)];
}

const nameOf = (kind: string, name: string): string => `${kind.toLowerCase()}/${name}`;

function changeRow(of: Change, now: number) {
  const { time, resourceVersion, object } = of;
  const isOfSecret = object.kind === 'Secret' && object.apiVersion === 'v1';
  const [change = of] = isOfSecret ? maskedRevisions([of]) : [of];
  return [
    time,
    ageOf(time, { now }),
    { text: resourceVersion, style: 'cyan' as const },
    { text: whoOf(change), style: 'bold' as const },
    nameOf(object.kind, object.name),
    { text: whatOf(change), style: styleOf(change) },
  ];
}

function eventRow({ time, event }: { time: string; event: AnyObject }, now: number) {
  const { type, reason, message, involvedObject, source, reportingComponent } = event as unknown as {
    type?: string;
    reason?: string;
    message?: string;
    involvedObject?: { kind?: string; name?: string };
    source?: { component?: string };
    reportingComponent?: string;
  };
  return [
    time,
    ageOf(time, { now }),
    '',
    source?.component || reportingComponent || '',
    nameOf(involvedObject?.kind ?? '', involvedObject?.name ?? ''),
    {
      text: `${type === 'Warning' ? 'Warning ' : ''}${reason ?? ''}: ${message ?? ''}`,
      style: type === 'Warning' ? ('red' as const) : ('dim' as const),
    },
  ];
}
