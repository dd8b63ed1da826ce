// Gives memory back to the system when a burst of work is over: V8 keeps what it has freed for the next one, some
// 50 MB after the start alone. Nothing happens while there is nothing to give back (docs/performance.md).
import { Session } from 'node:inspector/promises';
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Clock, Timer } from './clock.ts';
import type { Component } from './lifecycle.ts';

/** What has to be known and done of this thread's heap. */
export interface Heap {
  /** Calls `listener` soon after collections of garbage; returns how to end that. */
  onCollected(listener: () => void): () => void;
  /** Of the whole process. */
  residentBytes(): number;
  usedBytes(): number;
  /** Collects all garbage and unmaps what is free; nothing else runs meanwhile. */
  release(): Promise<void>;
}

/** Without a collection for so long, the work is over: even an idle server collects now and then, but rarely. */
const QUIET_MS = 5_000;
/** Less than this grown since the last time is left alone. */
const WORTH_BYTES = 8 * 2 ** 20;
/** Above it the pause would be felt (about 1 ms for 1 MB). Some 8,000 Pods are below it. */
const MOST_USED_BYTES = 192 * 2 ** 20;

export function createMemoryReturn({ clock, heap }: { clock: Clock; heap: Heap }): Component {
  let timer: Timer | undefined;
  let unsubscribe: (() => void) | undefined;
  let kept = 0;

  async function release(): Promise<void> {
    timer = undefined;
    if (heap.residentBytes() < kept + WORTH_BYTES || heap.usedBytes() > MOST_USED_BYTES) return;
    await heap.release();
    kept = heap.residentBytes();
  }

  return {
    name: 'memory',
    async start() {
      const later = () => {
        timer?.cancel();
        timer = clock.after(QUIET_MS, () => void release());
      };
      unsubscribe = heap.onCollected(later);
      later(); // the start was the first burst
    },
    async stop() {
      unsubscribe?.();
      timer?.cancel();
    },
  };
}

export const threadHeap: Heap = {
  onCollected(listener) {
    const observer = new PerformanceObserver(listener);
    observer.observe({ entryTypes: ['gc'] });
    return () => observer.disconnect();
  },
  residentBytes: () => process.memoryUsage.rss(),
  usedBytes: () => getHeapStatistics().used_heap_size,
  async release() {
    const session = new Session();
    session.connect();
    await session.post('HeapProfiler.collectGarbage');
    session.disconnect();
  },
};
