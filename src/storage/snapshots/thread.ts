// The thread that one job runs on; it ends with its answer.
import { parentPort, workerData } from 'node:worker_threads';
import { JOBS, type Jobs } from './jobs.ts';
import { BadSnapshot } from './manifest.ts';
import type { OnProgress, SnapshotProgress } from './progress.ts';

export interface JobRequest<N extends keyof Jobs = keyof Jobs> {
  name: N;
  argument: Jobs[N]['argument'];
}

export type JobMessage =
  | { type: 'progress'; progress: SnapshotProgress }
  | { type: 'answer'; answer: unknown }
  /** `bad`: the snapshot is at fault. */
  | { type: 'failure'; message: string; bad: boolean };

const { name, argument } = workerData as JobRequest;
const send = (message: JobMessage) => parentPort?.postMessage(message);
const tell: OnProgress = (progress) => send({ type: 'progress', progress });
try {
  const work = JOBS[name] as (argument: unknown, tell: OnProgress) => Promise<unknown>;
  send({ type: 'answer', answer: await work(argument, tell) });
} catch (error) {
  send({ type: 'failure', message: (error as Error).message, bad: error instanceof BadSnapshot });
}
