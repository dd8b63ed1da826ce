// SQLite behind a writer thread: better-sqlite3 is synchronous, and waiting for the disk must not stop the API.
import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { run } from '../../exec.ts';
import type { Logger } from '../../log.ts';
import type { Driver, DriverEvents, Durability, HeadRow } from '../driver.ts';
import { StorageFull, StorageUnavailable } from '../storage.ts';
import type { Message, RequestName, Requests, WireFailure } from './protocol.ts';

/** Run from source it is a .ts file, from the package a .js one; tsc rewrites imports, but not these. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

interface Pending {
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

const unavailable = (failure: WireFailure): StorageUnavailable =>
  failure.full ? new StorageFull(failure.reason) : new StorageUnavailable(failure.reason, failure.outcome);

/** `file` is where state.db is or will be. */
export function createSqliteDriver(
  file: string,
  options: {
    log: Logger;
    durability?: Durability;
    /** Path of an EncryptionConfiguration. */
    encryptionConfig?: string;
    onFailure?: (reason: StorageUnavailable) => void;
  },
): Driver {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let worker: Worker | undefined;
  let exited = Promise.resolve();
  let receive: (rows: HeadRow[]) => void = () => undefined;
  let events: DriverEvents | undefined;
  let checking: AbortController | undefined;
  /** Set once the thread cannot be trusted any more; it answers everything from then on. */
  let failed: StorageUnavailable | undefined;
  /** Between a successful open() and close(): when a failure is news. */
  let serving = false;

  function fail(reason: StorageUnavailable): void {
    if (serving) options.onFailure?.(reason);
    serving = false;
    failed ??= reason;
    for (const { reject } of pending.values()) reject(failed);
    pending.clear();
  }

  function tell(error: StorageUnavailable): void {
    if (error instanceof StorageFull) events?.full(error);
  }

  function onMessage(message: Message): void {
    if (message.type === 'rows') {
      receive(message.rows);
      return;
    }
    if (message.type === 'wal-long') {
      checking?.abort();
      return;
    }
    if (message.type === 'fatal') {
      fail(unavailable(message.failure));
      return;
    }
    if (message.type === 'full') {
      tell(unavailable(message.failure));
      return;
    }
    if (message.type === 'notice') {
      options.log.warn(message.text);
      return;
    }
    const request = pending.get(message.id);
    if (message.type === 'progress') {
      request?.onProgress?.(message.done, message.total);
      return;
    }
    pending.delete(message.id);
    if (message.type === 'answer') {
      request?.resolve(message.answer);
    } else {
      const error = unavailable(message.failure);
      tell(error);
      request?.reject(error);
      if (error.outcome === 'unknown') fail(error);
    }
  }

  function request<N extends RequestName>(
    name: N,
    argument: Requests[N]['argument'],
    onProgress?: Pending['onProgress'],
  ): Promise<Requests[N]['answer']> {
    return new Promise((resolve, reject) => {
      if (failed || !worker) return reject(failed ?? new StorageUnavailable(`${file} is not open`, 'no'));
      const id = ++lastId;
      pending.set(id, { resolve: resolve as (answer: unknown) => void, reject, onProgress });
      worker.postMessage({ id, name, argument });
    });
  }

  function start(): Worker {
    const cache = getCompileCacheDir();
    const thread = new Worker(new URL(`./worker.${extension}`, import.meta.url), {
      workerData: {
        file,
        durability: options.durability ?? 'full',
        encryptionConfig: options.encryptionConfig,
      },
      // A thread does not take over this thread's compile cache; without it loading takes three times as long.
      env: { ...process.env, ...(cache ? { NODE_COMPILE_CACHE: path.dirname(cache) } : {}) },
    });
    exited = new Promise((resolve) => thread.once('exit', () => resolve()));
    thread.on('message', onMessage);
    thread.on('error', (cause) => {
      fail(
        new StorageUnavailable(`the writer of ${file} failed: ${cause.message}; restart the server`, 'unknown', cause),
      );
    });
    thread.on('exit', () =>
      fail(new StorageUnavailable(`the writer of ${file} has ended; restart the server`, 'unknown')),
    );
    return thread;
  }

  async function findDamage(signal: AbortSignal): Promise<string | undefined> {
    checking = new AbortController();
    const program = fileURLToPath(new URL(`./page-check.${extension}`, import.meta.url));
    // Not volatile.db: nobody else can read it, and it was looked at when it was opened unless it is very large.
    const { stdout } = await run([process.execPath, program, file], {
      signal: AbortSignal.any([signal, checking.signal]),
    });
    return stdout === '' ? undefined : stdout;
  }

  async function close(how: 'close' | 'abandon' = 'close'): Promise<void> {
    serving = false;
    try {
      await request(how, undefined);
    } catch (error) {
      if (!failed) throw error;
      await worker?.terminate(); // whoever waited was told when it failed
    }
    await exited;
  }

  return {
    name: 'sqlite',
    async open(onRows, onEvents) {
      // Errors thrown by the receiver belong to the caller of open(), not to the event loop.
      let received: unknown;
      receive = (rows) => {
        try {
          if (received === undefined) onRows(rows);
        } catch (error) {
          received = error;
        }
      };
      events = onEvents;
      worker = start();
      try {
        const { notices, ...opened } = await request('open', undefined);
        for (const notice of notices) options.log.warn(notice);
        if (received !== undefined) throw received;
        serving = true;
        return opened;
      } catch (error) {
        await close('abandon');
        throw error;
      }
    },
    async commit(changes, at) {
      const results = await request('commit', { changes, at });
      return results.map((result) => {
        if (typeof result !== 'object') return result;
        const error = unavailable(result);
        tell(error);
        return error;
      });
    },
    history: (query) => request('history', query),
    past: (query) => request('past', query),
    countPast: (query) => request('countPast', query),
    newestAt: (query) => request('newestAt', query),
    compact: (floor, except) => request('compact', { floor, except }),
    stats: () => request('stats', undefined),
    heads: (query) => request('heads', query),
    space: () => request('space', undefined),
    backup: (to, onProgress) => request('backup', to, onProgress),
    findDamage,
    close: () => close(),
  };
}
