// When revisions were committed. The wall clock jumps (set by hand or by NTP, 1970 after the start of a machine
// without a battery), so time is kept as spans in which it went on evenly: within one, times never decrease and can be
// searched, and how long the store has been open since any revision is known whatever the clock said.
import type { Clock } from '../clock.ts';
import type { ClockSpan, CommitTime } from './driver.ts';
import type { Revision } from './storage.ts';

/** The clock may be this far from where the span says it should be: it is being adjusted all the time. */
const JUMP_MS = 2_000;

export interface TimelineOptions {
  clock: Clock;
  /** Of the driver, oldest first. */
  spans: readonly ClockSpan[];
  revision: Revision;
  /** Time of the newest change in the last span. */
  newest: number | undefined;
}

export class Timeline {
  #clock: Clock;
  #spans: ClockSpan[];
  #current: ClockSpan;
  #currentStarted: number;
  #last: number;
  /** The current span is not on disk yet. */
  #unsaved = true;

  constructor({ clock, spans, revision, newest }: TimelineOptions) {
    this.#clock = clock;
    const before = spans.at(-1);
    const ran = before ? before.ran + Math.max(0, (newest ?? before.time) - before.time) : 0;
    this.#current = { after: revision, time: Math.round(clock.now()), ran };
    this.#currentStarted = clock.monotonic();
    this.#last = this.#current.time;
    this.#spans = [...spans.filter(({ after }) => after < revision), this.#current];
  }

  /** Milliseconds for which the store has been open, over all its starts. */
  get ran(): number {
    return this.#current.ran + (this.#clock.monotonic() - this.#currentStarted);
  }

  /** Revisions up to here have no time. */
  get begin(): ClockSpan {
    return this.#spans[0] as ClockSpan;
  }

  /** The time of a batch that is about to be committed; `revision` is the newest one before it. */
  next(revision: Revision): CommitTime {
    const now = Math.round(this.#clock.now());
    const expected = this.#current.time + (this.#clock.monotonic() - this.#currentStarted);
    if (Math.abs(now - expected) > JUMP_MS) this.#jump(revision, now);
    this.#last = Math.max(this.#last, now);
    return { time: this.#last, ...(this.#unsaved && { span: this.#current }) };
  }

  /** The batch of the last next() was committed. */
  saved(): void {
    this.#unsaved = false;
  }

  /** The newest span that reaches back to `time`, and the newest revision in it (`revision` is the newest of all). */
  spanAt(time: number, revision: Revision): { span: ClockSpan; upTo: Revision } | undefined {
    const i = this.#spans.findLastIndex((span) => span.time <= time);
    const span = this.#spans[i];
    return span && { span, upTo: this.#spans[i + 1]?.after ?? revision };
  }

  /** The wall-clock time at which the store had been open for `ran`, and the range of revisions that it lies in. */
  whenRan(ran: number, revision: Revision): { time: number; after: Revision; upTo: Revision } | undefined {
    const i = this.#spans.findLastIndex((span) => span.ran <= ran);
    const span = this.#spans[i];
    if (!span) return undefined;
    return { time: span.time + (ran - span.ran), after: span.after, upTo: this.#spans[i + 1]?.after ?? revision };
  }

  #jump(revision: Revision, now: number): void {
    this.#current = { after: revision, time: now, ran: Math.round(this.ran) };
    this.#currentStarted = this.#clock.monotonic();
    this.#last = now;
    this.#unsaved = true;
    if (this.#spans.at(-1)?.after === revision) this.#spans.pop(); // nothing was committed in it
    this.#spans.push(this.#current);
  }
}
