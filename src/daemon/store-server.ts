// What the running server answers about its store over the control socket. The files themselves are read by whoever asks.
import type { Difference } from '../storage/compare.ts';
import type { StorageProblem } from '../storage/problems.ts';
import type { Storage } from '../storage/storage.ts';
import type { ControlHandler } from './run-state.ts';

/** What a running server knows of its store. */
export interface LiveStore {
  revision: number;
  objects: number;
  /** Changes since it started. */
  changes: number;
  problems: readonly StorageProblem[];
}

export interface LiveFindings {
  /** Of memory and disk. */
  differences: readonly Difference[];
  /** One sentence about damaged pages. */
  damage: string | null;
}

/** `openedAt` is the revision at which the store was opened. */
export function storeControl(storage: Storage, openedAt: number): Record<'store' | 'store-check', ControlHandler> {
  return {
    async store(): Promise<LiveStore> {
      const { revision, keys } = await storage.stats();
      return { revision, objects: keys, changes: revision - openedAt, problems: storage.problems() };
    },
    async 'store-check'(): Promise<LiveFindings> {
      const differences = await storage.compare();
      return { differences, damage: (await storage.findDamage()) ?? null };
    },
  };
}
