// `tsukube snapshot prune`: gives up old snapshots.
import path from 'node:path';
import * as Flags from '@oclif/core/flags';
import { PlainCommand } from '../plain-command.ts';
import { configOf } from '../settings.ts';
import { formatted, outputFlag, snapshotSettings } from './flags.ts';

export class SnapshotPrune extends PlainCommand {
  static override description =
    'Remove old snapshots: those beyond --keep and older than --older-than. The newest one always stays';
  static override examples = [
    'tsukube snapshot prune --keep 5 --dry-run',
    'tsukube snapshot prune --older-than 30d --scheduled-only',
  ];
  static override flags = {
    ...snapshotSettings,
    ...outputFlag,
    keep: Flags.integer({ description: 'how many of the newest to keep', min: 1 }),
    'older-than': Flags.string({ description: 'only those older than this, such as 12h, 30d or 2026-01-31T12:00:00Z' }),
    'scheduled-only': Flags.boolean({ description: 'leave those alone that somebody made by hand' }),
    'dry-run': Flags.boolean({ description: 'show what would be removed' }),
    from: Flags.string({ description: 'folder they are in (default: snapshots in the data directory)' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(SnapshotPrune);
    if (flags.keep === undefined && flags['older-than'] === undefined) {
      this.error('say what is too old: --keep N, --older-than 30d, or both', { exit: 2 });
    }
    const config = configOf(flags);
    const { prune } = await import('../../daemon/snapshots.ts');
    const removed = await prune(config, {
      from: flags.from && path.resolve(flags.from),
      keep: flags.keep,
      olderThan: flags['older-than'],
      scheduledOnly: flags['scheduled-only'],
      dryRun: flags['dry-run'],
    });
    const names = removed.map(({ name }) => name);
    const text = await formatted({ [flags['dry-run'] ? 'wouldRemove' : 'removed']: names }, flags.output);
    if (text !== undefined) this.log(text);
    else if (names.length === 0) this.log('nothing to remove');
    else for (const name of names) this.log(`${name} ${flags['dry-run'] ? 'would be removed' : 'was removed'}`);
  }
}
