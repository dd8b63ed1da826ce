// Before anything of the cluster is read: a restore that was cut short is finished, or forgotten, and told of.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { stagingFolder } from '../storage/snapshots/swap.ts';
import type { Config } from './options.ts';

/** Throws when a restore is under way. */
export async function finishRestore(
  config: Pick<Config, 'data-dir' | 'storage'>,
  say: (line: string) => void,
): Promise<void> {
  const [scheme, file] = config.storage
    ? config.storage.split(/:(.*)/s)
    : ['sqlite', path.join(config['data-dir'], 'state.db')];
  if (scheme !== 'sqlite' || file === undefined || !existsSync(stagingFolder(path.dirname(file)))) return;
  const { finishUnderLock } = await import('../storage/snapshots/unfinished.ts'); // seldom needed
  const outcome = finishUnderLock(file);
  say(
    outcome === 'abandoned'
      ? 'a restore was cut short before it had changed anything: the cluster is as it was'
      : `${outcome.finished} was cut short and has been finished now`,
  );
}
