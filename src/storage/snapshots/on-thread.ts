// Runs a job on a thread of its own, so that neither the API nor the writer waits for it.
import { Worker } from 'node:worker_threads';
import type { Jobs } from './jobs.ts';
import { BadSnapshot } from './manifest.ts';
import type { OnProgress } from './progress.ts';
import type { JobMessage, JobRequest } from './thread.ts';

/** Rejects with BadSnapshot when a snapshot is at fault, with another Error when the disk or the program is. */
export function onThread<N extends keyof Jobs>(
  name: N,
  argument: Jobs[N]['argument'],
  { tell, signal }: { tell: OnProgress; signal?: AbortSignal | undefined },
): Promise<Jobs[N]['answer']> {
  return new Promise((resolve, reject) => {
    // Run from source it is a .ts file, from the package a .js one; tsc rewrites imports, but not this.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const request: JobRequest<N> = { name, argument };
    const thread = new Worker(new URL(`./thread.${extension}`, import.meta.url), { workerData: request });
    // No job is left half done in a place that counts: what it writes is thrown away with its folder.
    const abort = () => {
      reject(signal?.reason);
      void thread.terminate();
    };
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    thread.on('message', (message: JobMessage) => {
      if (message.type === 'progress') tell(message.progress);
      else if (message.type === 'answer') resolve(message.answer as Jobs[N]['answer']);
      else reject(message.bad ? new BadSnapshot(message.message) : new Error(message.message));
    });
    thread.on('error', reject);
    thread.on('exit', () => {
      signal?.removeEventListener('abort', abort);
      reject(new Error(`the ${name} thread ended without an answer`));
    });
  });
}
