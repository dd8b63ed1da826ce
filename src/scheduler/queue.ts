// Pods that wait for a node. Active: tried now, by priority, then age. Backing off: failed lately. Unschedulable:
// no event since has given reason to try again; a flush after five minutes covers events nobody thought of. Gated: a
// scheduling gate keeps it from being tried at all.
import TinyQueue from 'tinyqueue';
import type { Pod } from '../api/types/core/v1.ts';
import type { Clock, Timer } from '../clock.ts';

const INITIAL_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 10_000;
const FLUSH_MS = 5 * 60_000;

interface Waiting {
  pod: Pod;
  /** Of all pods that were ever queued, for order among those of one priority. */
  readonly turn: number;
  attempts: number;
  state: 'gated' | 'active' | 'backoff' | 'unschedulable' | 'inFlight' | 'gone';
  rejectedBy: ReadonlySet<string>;
  /** Something happened while it was being tried. */
  wakeAgain: boolean;
  backoffUntil: number;
  timer?: Timer;
}

export class SchedulingQueue {
  private readonly waiting = new Map<string, Waiting>();
  /** Those in flight and the unschedulable ones: what happens matters to no other. */
  private readonly tried = new Set<Waiting>();
  /** Those that are, or since they were put here were, active. */
  private readonly active = new TinyQueue<Waiting>([], inOrder);
  private turns = 0;
  private readonly clock: Clock;
  /** Called when there is something to pop. */
  private readonly ready: () => void;

  constructor(clock: Clock, ready: () => void) {
    this.clock = clock;
    this.ready = ready;
  }

  /** Adds a pod, or takes its newer version; a changed pod is worth another try. */
  upsert(pod: Pod): void {
    const uid = pod.metadata.uid as string;
    const known = this.waiting.get(uid);
    if (!known) {
      const item: Waiting = {
        pod,
        turn: this.turns,
        attempts: 0,
        state: 'gated',
        rejectedBy: new Set(),
        wakeAgain: false,
        backoffUntil: 0,
      };
      this.turns += 1;
      this.waiting.set(uid, item);
      if (!isGated(pod)) this.activate(item);
      return;
    }
    const specChanged = JSON.stringify(known.pod.spec) !== JSON.stringify(pod.spec);
    const labelsChanged = JSON.stringify(known.pod.metadata.labels) !== JSON.stringify(pod.metadata.labels);
    known.pod = pod;
    if (specChanged || labelsChanged) this.wake(known);
  }

  remove(uid: string): void {
    const item = this.waiting.get(uid);
    if (!item) return;
    item.timer?.cancel();
    this.tried.delete(item);
    item.state = 'gone'; // what the heap may still hold of it is passed over
    this.waiting.delete(uid);
  }

  /** The next pod to try; it stays in flight until failed() or remove(). Pods behind a scheduling gate are not given. */
  pop(): Pod | undefined {
    let next = this.active.pop();
    while (next && next.state !== 'active') next = this.active.pop();
    if (!next) return undefined;
    next.state = 'inFlight';
    this.tried.add(next);
    next.wakeAgain = false;
    next.attempts += 1;
    return next.pod;
  }

  /** No node fits, or binding failed: wait for an event that matters to the plugins that rejected it. */
  failed(uid: string, rejectedBy: ReadonlySet<string>): void {
    const item = this.waiting.get(uid);
    if (!item) return;
    const backoff = Math.min(INITIAL_BACKOFF_MS * 2 ** (item.attempts - 1), MAX_BACKOFF_MS);
    item.rejectedBy = rejectedBy;
    item.backoffUntil = this.clock.monotonic() + backoff;
    // Without a plugin to blame (binding failed) there is no event to wait for.
    if (item.wakeAgain || rejectedBy.size === 0) {
      this.backOff(item);
      return;
    }
    item.state = 'unschedulable';
    item.timer?.cancel();
    item.timer = this.clock.after(FLUSH_MS, () => this.wake(item));
  }

  /** An event that plugins in `interested` care about. */
  wakeFor(interested: ReadonlySet<string>): void {
    for (const item of this.tried) {
      if (item.state === 'inFlight') item.wakeAgain = true;
      else if ([...item.rejectedBy].some((name) => interested.has(name))) this.wake(item);
    }
  }

  get size(): number {
    return this.waiting.size;
  }

  close(): void {
    for (const uid of [...this.waiting.keys()]) this.remove(uid);
  }

  private wake(item: Waiting): void {
    if (item.state === 'inFlight') item.wakeAgain = true;
    else if (item.state === 'gated') {
      if (!isGated(item.pod)) this.activate(item);
    } else if (item.state !== 'active') this.backOff(item);
  }

  private backOff(item: Waiting): void {
    this.tried.delete(item);
    item.timer?.cancel();
    const left = item.backoffUntil - this.clock.monotonic();
    if (left > 0) {
      item.state = 'backoff';
      item.timer = this.clock.after(left, () => this.activate(item));
    } else this.activate(item);
  }

  private activate(item: Waiting): void {
    item.timer?.cancel();
    item.state = 'active';
    this.active.push(item);
    this.ready();
  }
}

const isGated = (pod: Pod): boolean => (pod.spec.schedulingGates?.length ?? 0) > 0;

const inOrder = (a: Waiting, b: Waiting): number =>
  (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0) || a.turn - b.turn;
