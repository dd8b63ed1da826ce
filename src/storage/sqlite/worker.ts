// The writer thread: owns the files, answers requests one after another, and does the store's housework in between.
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock, type Timer } from '../../clock.ts';
import { createMemoryReturn, threadHeap } from '../../memory.ts';
import type { Durability } from '../driver.ts';
import { createBallast } from './ballast.ts';
import { noEncryption, readEncryption } from './encryption.ts';
import { CopyFailed, describeFailure, isFull } from './errors.ts';
import { failpoint } from './failpoints.ts';
import { createFlush, syncWal } from './flush.ts';
import type { Message, Request, RequestName, Requests, WireResult } from './protocol.ts';
import { openStore, type Steps, type Store } from './store.ts';

const { file, durability, encryptionConfig } = workerData as {
  file: string;
  durability: Durability;
  encryptionConfig: string | undefined;
};
const port = parentPort!;
const send = (message: Message) => port.postMessage(message);

/** Move the WAL into the database when it is this long and nothing is going on, or at once when it is longer. */
const WAL_IDLE_BYTES = 4 * 1024 * 1024;
const WAL_BUSY_BYTES = 16 * 1024 * 1024;
/** During housework: moving 16 MiB takes 30 to 90 ms, for which whoever writes waits; moving 1 MiB 3 to 10 ms. */
const WAL_HOUSEWORK_BYTES = 1024 * 1024;
/** Then whatever keeps it from being moved has to end. */
const WAL_LONG_BYTES = 24 * 1024 * 1024;
const IDLE_MS = 250;
/** How much is written before the WAL is looked at again: looking costs as much as half a commit. */
const WAL_LOOK_BYTES = 1024 * 1024;
/** Pages that a change dirties beside its value. */
const CHANGE_BYTES = 4 * 4096;

type Handlers = {
  [N in RequestName]: (argument: Requests[N]['argument'], id: number) => Answer<N> | Promise<Answer<N>>;
};
type Answer<N extends RequestName> = Requests[N]['answer'];

/** Lets requests that have arrived go first. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

function serve(): Handlers {
  let store: Store | undefined;
  let idle: Timer | undefined;
  let committedSince = 0;
  let writtenBytes = 0;
  let lastCommit = 0;
  const ballast = createBallast(file);
  const flush =
    durability === 'relaxed'
      ? createFlush({ clock: systemClock, sync: () => syncWal(file), onError: unsynced })
      : undefined;
  const memory = createMemoryReturn({ clock: systemClock, heap: threadHeap });
  const opened = (): Store => {
    if (!store) throw new Error('the store is not open');
    return store;
  };

  async function openWithRoom(): Promise<Store> {
    const encryption = encryptionConfig ? await readEncryption(encryptionConfig) : noEncryption;
    try {
      return await openStore(file, { durability, encryption });
    } catch (error) {
      if (!isFull(error) || !ballast.release()) throw error;
      return await openStore(file, { durability, encryption });
    }
  }

  /** A WAL that cannot be moved now is moved later; only a file that cannot be trusted ends the service. */
  function checkpoint(): void {
    try {
      store?.checkpoint();
    } catch (error) {
      trouble(error);
    }
  }

  function trouble(error: unknown): void {
    const failure = describeFailure(error, file);
    if (failure.full) ballast.release();
    send(failure.outcome === 'unknown' ? { type: 'fatal', failure } : { type: 'notice', text: failure.reason });
  }

  function unsynced(cause: unknown): void {
    const reason = `${file} cannot be trusted any more (${(cause as Error).message}): check the disk, then restart`;
    send({ type: 'fatal', failure: { reason, outcome: 'unknown' } });
  }

  /** On a full disk the reserve is given up, which is enough for what is under way; whoever asked for it is told. */
  function commit(attempt: () => WireResult[]): WireResult[] {
    try {
      return attempt();
    } catch (error) {
      if (!isFull(error) || !ballast.release()) throw error;
      send({ type: 'full', failure: describeFailure(error, file) });
      return attempt();
    }
  }

  /** A reserve that cannot be made for another reason than room is only told of: the store does without. */
  async function renewBallast(): Promise<boolean> {
    try {
      return await ballast.renew();
    } catch (error) {
      send({ type: 'notice', text: `the reserve for a full disk could not be made: ${(error as Error).message}` });
      return true;
    }
  }

  function walBacklog(): number {
    try {
      return store?.walBacklog() ?? 0;
    } catch (error) {
      trouble(error);
      return 0;
    }
  }

  function tidyWal(busyBytes = WAL_BUSY_BYTES): void {
    writtenBytes = 0;
    const backlog = walBacklog();
    if (backlog >= WAL_LONG_BYTES) send({ type: 'wal-long' });
    if (backlog >= busyBytes) checkpoint();
    if (backlog >= WAL_IDLE_BYTES) idle ??= systemClock.after(IDLE_MS, checkpointWhenIdle);
  }

  function checkpointWhenIdle(): void {
    const quiet = performance.now() - lastCommit;
    idle = quiet < IDLE_MS ? systemClock.after(IDLE_MS - quiet, checkpointWhenIdle) : undefined;
    if (!idle) checkpoint();
  }

  /** What a commit leaves to be done. */
  function tidy(): void {
    try {
      store?.indexSlice();
    } catch (error) {
      trouble(error);
    }
    if (writtenBytes >= WAL_LOOK_BYTES) tidyWal();
  }

  /** Runs `steps` to their end; when the store closes before it, nobody waits for what they would have found. */
  async function stepByStep<T>(steps: Steps<T>, otherwise: T): Promise<T> {
    while (store) {
      const step = steps.next();
      if (step.done) return step.value;
      await turn();
    }
    return otherwise;
  }

  return {
    async open() {
      const opening = await openWithRoom();
      try {
        opening.load((rows) => send({ type: 'rows', rows }));
      } catch (error) {
        opening.abandon();
        throw error;
      }
      store = opening;
      await memory.start();
      const { revision, floors, gap, spans, whole, notices } = store;
      return { revision, floors, gap, spans, whole, notices };
    },
    commit({ changes, at }) {
      const results = commit(() => opened().commit(changes, at));
      failpoint('before-answer');
      flush?.wrote();
      committedSince += changes.length;
      for (const { value } of changes) writtenBytes += CHANGE_BYTES + (value?.length ?? 0);
      lastCommit = performance.now();
      setImmediate(tidy);
      return results;
    },
    history: (query) => stepByStep(opened().history(query), []),
    past: (query) => stepByStep(opened().past(query), []),
    countPast: (query) => stepByStep(opened().countPast(query), 0),
    newestAt: (query) => opened().newestAt(query),
    async compact({ floor, except }) {
      // As much as is written meanwhile, so that history does not outgrow what is given up of it.
      for (let rows = 0; store?.compactSlice(floor, { except, rows }); rows = committedSince) {
        committedSince = 0;
        tidyWal(WAL_HOUSEWORK_BYTES);
        await turn();
      }
      while (store?.vacuumSlice()) {
        tidyWal(WAL_HOUSEWORK_BYTES);
        await turn();
      }
      tidyWal();
    },
    stats: () => opened().sizes(),
    heads: (query) => opened().heads(query),
    async space() {
      const roomy = await renewBallast();
      return { usedBytes: opened().usedBytes(), roomy };
    },
    async backup(to, id) {
      try {
        await opened().backUp(to, (done, total) => send({ type: 'progress', id, done, total }));
      } catch (error) {
        // Of the copy or of the disk it goes to: what is served is not touched by it.
        throw new CopyFailed(`${to} could not be written: ${(error as Error).message}`);
      }
    },
    async abandon() {
      port.unref();
      flush?.stop();
      store?.abandon();
      store = undefined;
    },
    async close() {
      idle?.cancel();
      flush?.stop();
      await memory.stop();
      const closing = store;
      store = undefined;
      port.unref(); // the thread ends once this is answered
      try {
        closing?.close();
      } catch (error) {
        // Everything acknowledged is in the WAL, and the next start takes it from there.
        send({ type: 'notice', text: describeFailure(error, file).reason });
      }
    },
  };
}

const handlers = serve();
port.on('message', async ({ id, name, argument }: Request) => {
  try {
    const handle = handlers[name] as (argument: unknown, id: number) => unknown;
    const result = handle(argument, id);
    send({ type: 'answer', id, answer: result instanceof Promise ? await result : result });
  } catch (error) {
    send({ type: 'failure', id, failure: describeFailure(error, file) });
  }
});
