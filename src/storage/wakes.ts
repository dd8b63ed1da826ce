// Wakes watchers once the batch that is being published can be read. A slice of them in a turn: what one slice writes is
// sent before the next one is woken, so that clients read while frames are still being made for others, and no answer to
// a request waits for hundreds of watchers.
import type { Logger } from '../log.ts';

/**
 * More than the process has itself of one resource. They watch from the start and so come first; one that began anew behind many
 * clients may find an object settled (two turns after it was published) and reads its text once more.
 */
const SLICE = 32;

/** Calls each wake once, in order, the first of them when the current turn's work is done. */
export function createWakes(log: Logger): (wake: () => void) => void {
  let due: (() => void)[] = [];

  function wakeSlice(): void {
    const slice = due.slice(0, SLICE);
    due = due.slice(SLICE);
    if (due.length > 0) setImmediate(wakeSlice);
    for (const wake of slice) {
      try {
        wake();
      } catch (error) {
        log.error({ err: error }, 'a watcher failed when it was woken');
      }
    }
  }

  return (wake) => {
    if (due.push(wake) === 1) queueMicrotask(wakeSlice);
  };
}
