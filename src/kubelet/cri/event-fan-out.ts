// One source of runtime events, any number of readers. A reader that is slower than the events keeps a queue: an event
// is small, and losing one would lose a container's end.
import type { RuntimeEvent } from './runtime.ts';

export interface EventFanOut {
  emit(event: RuntimeEvent): void;
  /** Yields what is emitted from this call on, until the signal aborts or the source closes. */
  subscribe(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
  close(): void;
}

interface Reader {
  queue: RuntimeEvent[];
  wake(): void;
}

export function createEventFanOut(): EventFanOut {
  const readers = new Set<Reader>();
  let closed = false;
  return {
    emit(event) {
      for (const reader of readers) {
        reader.queue.push(event);
        reader.wake();
      }
    },
    subscribe(signal) {
      const reader: Reader = { queue: [], wake() {} };
      readers.add(reader); // now, not at the first read: nothing in between is missed
      const onAbort = () => reader.wake();
      signal.addEventListener('abort', onAbort, { once: true });
      return {
        async *[Symbol.asyncIterator]() {
          try {
            while (!signal.aborted) {
              const event = reader.queue.shift();
              if (event !== undefined) yield event;
              else if (closed) return;
              else
                await new Promise<void>((resolve) => {
                  reader.wake = resolve;
                });
            }
          } finally {
            readers.delete(reader);
            signal.removeEventListener('abort', onAbort);
          }
        },
      };
    },
    close() {
      closed = true;
      for (const reader of readers) reader.wake();
    },
  };
}
