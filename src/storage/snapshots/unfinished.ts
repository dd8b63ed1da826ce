// What is done before a database is opened, about a restore that a crash cut short.
import path from 'node:path';
import { takeLock } from '../sqlite/lock.ts';
import { finishSwap, type SwapOutcome } from './swap.ts';

/** Throws UnusableDatabase when somebody has the database, as a restore that is under way does. */
export function finishUnderLock(stateFile: string): SwapOutcome {
  const lock = takeLock(stateFile);
  try {
    return finishSwap(path.dirname(stateFile));
  } finally {
    lock.release();
  }
}
