// Probes that are due at about the same time begin together: one timer for all of them, and one turn of the event loop for
// each step of their connections, which takes a fifth off what a probe costs when there are a thousand a second
// (docs/decisions/0042-what-the-kubelet-costs.md).
import type { Clock, Timer } from '../../clock.ts';

/** A probe begins up to so much later than its period says. */
const BEAT_MS = 50;

export interface Beats {
  /**
   * Calls `fn` at the first beat that is not before `due` on the monotonic clock, with the time of that beat: what counts
   * its periods from there stays with the others of that beat, however late its timers fire.
   */
  at(due: number, fn: (beat: number) => void): Timer;
}

export function createBeats(clock: Pick<Clock, 'monotonic' | 'after'>): Beats {
  const beats = new Map<number, { timer: Timer; due: Set<(beat: number) => void> }>();

  function open(beat: number) {
    const due = new Set<(beat: number) => void>();
    const timer = clock.after(beat - clock.monotonic(), () => {
      beats.delete(beat);
      for (const fn of due) fn(beat);
    });
    const opened = { timer, due };
    beats.set(beat, opened);
    return opened;
  }

  return {
    at(due, fn) {
      const beat = Math.ceil(due / BEAT_MS) * BEAT_MS;
      const { timer, due: all } = beats.get(beat) ?? open(beat);
      all.add(fn);
      return {
        cancel() {
          all.delete(fn);
          if (all.size > 0 || !beats.has(beat)) return;
          timer.cancel();
          beats.delete(beat);
        },
      };
    },
  };
}
