// What may be written while room is short: what makes room or takes none. The disk is full when a commit says so; the
// store has reached its quota when what it holds is as large. Both end by themselves; a timer asks while they last.
import type { KubeObject } from '../apimachinery/meta.ts';
import type { Clock, Timer } from '../clock.ts';
import { contentOf } from './content.ts';
import type { Driver, DriverChange } from './driver.ts';
import type { Problems } from './problems.ts';
import { type StorageEntry, StorageFull } from './storage.ts';

/** etcd's default is 2 GiB and its recommended maximum 8 (etcd.io/docs, "system limits"). */
export const DEFAULT_QUOTA_BYTES = 4 * 1024 ** 3;

const ASK_AGAIN_MS = 5_000;
/** After the first write, so that the reserve on disk is not made while others wait for the API. */
const FIRST_LOOK_MS = 10_000;
/** The quota is looked at after this part of it was written, and ends when that much is free again. */
const STEPS_OF_QUOTA = 32;

/** A change that passed the check against memory. */
export interface Considered {
  readonly row: DriverChange;
  readonly content: KubeObject;
  readonly current: StorageEntry | undefined;
}

export interface Space {
  /** Why the change is not to be tried; undefined when it may. */
  refusal(change: Considered): StorageFull | undefined;
  /** The disk was full when something was committed. */
  full(error: StorageFull): void;
  /** So many characters were committed. */
  committed(characters: number): void;
  stop(): Promise<void>;
}

export interface SpaceOptions {
  driver: Driver;
  clock: Clock;
  problems: Problems;
  quotaBytes: number;
  /** Asks for history to be given up; called while there is too little room. */
  relieve(): void;
}

export function createSpace({ driver, clock, problems, quotaBytes, relieve }: SpaceOptions): Space {
  const step = quotaBytes / STEPS_OF_QUOTA;
  let sinceLook = 0;
  let looked = false;
  let timer: Timer | undefined;
  let looking: Promise<void> | undefined;
  let stopped = false;

  const short = () => problems.get('full') ?? problems.get('quota');

  function arm(ms: number): void {
    if (stopped) return;
    timer ??= clock.after(ms, () => {
      timer = undefined;
      look();
    });
  }

  function look(): void {
    looking ??= ask().finally(() => {
      looking = undefined;
      if (!short()) return;
      relieve();
      arm(ASK_AGAIN_MS);
    });
  }

  async function ask(): Promise<void> {
    sinceLook = 0;
    looked = true;
    try {
      const { usedBytes, roomy } = await driver.space();
      if (roomy) problems.end('full');
      if (usedBytes >= quotaBytes) problems.raise('quota', quotaReached(usedBytes, quotaBytes));
      else if (usedBytes < quotaBytes - step) problems.end('quota');
    } catch (error) {
      if (!(error instanceof StorageFull)) return; // the driver has ended, or ends: it tells so itself
      problems.raise('full', error.message);
    }
  }

  return {
    refusal(change) {
      const problem = short();
      return problem && grows(change) ? new StorageFull(problem.message) : undefined;
    },
    full(error) {
      problems.raise('full', error.message);
      relieve();
      timer?.cancel();
      timer = undefined;
      arm(ASK_AGAIN_MS);
    },
    committed(characters) {
      sinceLook += characters;
      if (!looked) arm(FIRST_LOOK_MS);
      if (sinceLook >= step) look();
    },
    async stop() {
      stopped = true;
      timer?.cancel();
      await looking;
    },
  };
}

/**
 * Deletes pass, and so does all that happens to an object on its way out: a deletion that waits for a grace period or
 * for finalizers is a series of updates. An update that makes nothing larger passes too; leases must be renewed, or
 * the node would be taken for dead.
 */
function grows({ row, content, current }: Considered): boolean {
  if (row.op === 'delete' || content.metadata.deletionTimestamp !== undefined) return false;
  return !current || (row.value?.length ?? 0) > JSON.stringify(contentOf(current.object)).length;
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

const quotaReached = (used: number, quota: number): string =>
  `the store holds ${mebibytes(used)} and may hold ${mebibytes(quota)}: delete what is not needed, or start with a larger --storage-quota`;
