// What sections of the store's bench share: rows, percentiles, stores in folders of their own, objects of a size.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../../src/clock.ts';
import { silentLogger } from '../../../src/log.ts';
import { type OpenOptions, openStorage } from '../../../src/storage/open.ts';
import type { Storage } from '../../../src/storage/storage.ts';

export interface Row {
  name: string;
  value: string;
  /** What it is held against: a goal, or the plain alternative measured in the same run. */
  against?: string;
}

export interface Section {
  /** After `store.`. */
  name: string;
  run(options: { seconds: number }): Promise<Row[]>;
}

/** Fewer of everything for a quick look: BENCH_SCALE=0.1. */
export const scaled = (count: number): number => Math.round(count * Number(process.env.BENCH_SCALE ?? 1));

export const CONFIG_MAPS = '/core/configmaps/';

export const keyOf = (i: number, namespaces = 10): string => `${CONFIG_MAPS}ns${i % namespaces}/c${i}`;

/** About `bytes` as stored. */
export const configMap = (i: number, { bytes = 1_024, text = 'x', namespaces = 10 } = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: `c${i}`,
    namespace: `ns${i % namespaces}`,
    uid: '3f1c9f5e-0000-4000-8000-000000000000',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: `c${i}` },
  },
  data: { text: text.repeat((bytes - 220) / text.length) },
});

/** Calls `work` with a folder on the disk, which is removed afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-store-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export const openAt = (folder: string, options: Partial<OpenOptions> = {}): Promise<Storage> =>
  openStorage(`sqlite:${path.join(folder, 'state.db')}`, { clock: systemClock, log: silentLogger, ...options });

/** A store of its own, on the disk. */
export const withStore = <T>(work: (storage: Storage) => Promise<T>, options: Partial<OpenOptions> = {}): Promise<T> =>
  withFolder(async (folder) => {
    const storage = await openAt(folder, options);
    try {
      return await work(storage);
    } finally {
      await storage.close();
    }
  });

/** Runs `write(i)` for `count` numbers with as many under way at a time. */
export async function concurrently(
  count: number,
  writers: number,
  write: (i: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) await write(i);
  };
  await Promise.all(Array.from({ length: writers }, worker));
}

export const fill = (storage: Storage, count: number, bytes: number): Promise<void> =>
  concurrently(count, 256, (i) => storage.write({ op: 'create', key: keyOf(i), object: configMap(i, { bytes }) }));

export async function timed<T>(work: () => Promise<T> | T): Promise<{ ms: number; result: T }> {
  const begin = performance.now();
  const result = await work();
  return { ms: performance.now() - begin, result };
}

/** The p-th of `values`; NaN of none. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN;
}

export const ms = (value: number): string => `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`;
export const count = (value: number): string => Math.round(value).toLocaleString('en');
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
