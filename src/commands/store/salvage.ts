// `tsukube store salvage`: what can still be read from a store that no server can open.
import path from 'node:path';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../clock.ts';
import { PlainCommand } from '../plain-command.ts';
import { configOf } from '../settings.ts';
import { formatted, outputFlag, snapshotSettings } from '../snapshot/flags.ts';

export class StoreSalvage extends PlainCommand {
  static override description =
    'Read what can be read from a damaged store into a new one; the damaged one is not touched';
  static override flags = {
    ...snapshotSettings,
    ...outputFlag,
    to: Flags.string({ description: 'file to write (default: state.db in a new folder of the data directory)' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(StoreSalvage);
    const { salvageStore } = await import('../../daemon/store.ts');
    const result = await salvageStore(configOf(flags), flags.to && path.resolve(flags.to), systemClock);
    const text = await formatted(result, flags.output);
    if (text !== undefined) this.log(text);
    else for (const line of render(result)) this.log(line);
    if (result.lost.length > 0) process.exitCode = 1;
  }
}

type Result = Awaited<ReturnType<typeof import('../../daemon/store.ts').salvageStore>>;

export const render = ({ to, objects, older, lost, unlisted, unreadable }: Result): string[] => [
  `${objects} objects were written to ${to}${unreadable > 0 ? `; ${unreadable} pages or rows made no sense` : ''}`,
  ...older.map(({ key, revision, newest }) => `older  ${key} as of revision ${revision}; ${newest} is gone`),
  ...unlisted.map((key) => `maybe  ${key}, unless it had just been deleted`),
  ...lost.map((key) => `lost   ${key}`),
  'to go on with it, move state.db, state.db-wal, state.db-shm and volatile.db* of the damaged store away and it into their place',
];
