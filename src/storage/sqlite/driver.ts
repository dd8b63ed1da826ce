// SQLite behind a writer thread: better-sqlite3 is synchronous, and waiting for the disk must not stop the API.
import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Logger } from '../../log.ts';
import type { Driver, HeadRow } from '../driver.ts';
import { StorageUnavailable } from '../storage.ts';
import type { Message, RequestName, Requests, WireFailure } from './protocol.ts';

interface Pending {
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

const unavailable = (failure: WireFailure) => new StorageUnavailable(failure.reason, failure.outcome);

/** `file` is where state.db is or will be. */
export function createSqliteDriver(
  file: string,
  options: { log: Logger; onFailure?: (reason: StorageUnavailable) => void },
): Driver {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let worker: Worker | undefined;
  let exited = Promise.resolve();
  let receive: (rows: HeadRow[]) => void = () => undefined;
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

  function onMessage(message: Message): void {
    if (message.type === 'rows') {
      receive(message.rows);
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
    // Run from source it is a .ts file, from the package a .js one; tsc rewrites imports, but not this.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const cache = getCompileCacheDir();
    const thread = new Worker(new URL(`./worker.${extension}`, import.meta.url), {
      workerData: { file },
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
    thread.on('exit', () => fail(new StorageUnavailable(`the writer of ${file} has ended`, 'unknown')));
    return thread;
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
    async open(onRows) {
      // Errors thrown by the receiver belong to the caller of open(), not to the event loop.
      let received: unknown;
      receive = (rows) => {
        try {
          if (received === undefined) onRows(rows);
        } catch (error) {
          received = error;
        }
      };
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
      return results.map((result) => (typeof result === 'object' ? unavailable(result) : result));
    },
    history: (query) => request('history', query),
    past: (query) => request('past', query),
    countPast: (query) => request('countPast', query),
    newestAt: (query) => request('newestAt', query),
    compact: (to) => request('compact', to),
    stats: () => request('stats', undefined),
    backup: (to, onProgress) => request('backup', to, onProgress),
    close: () => close(),
  };
}
