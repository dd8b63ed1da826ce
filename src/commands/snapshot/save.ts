// `tsukube snapshot save`: the cluster's state as one folder that is good on its own.
import path from 'node:path';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { PlainCommand } from '../plain-command.ts';
import { configOf } from '../settings.ts';
import { formatted, outputFlag, shown, size, snapshotSettings } from './flags.ts';

export class SnapshotSave extends PlainCommand {
  static override description =
    'Make a snapshot of the cluster: all objects but Events and Leases, and its keys. The server may run or not';
  static override examples = ['tsukube snapshot save', 'tsukube snapshot save before-upgrade --to /mnt/backups'];
  static override args = { name: Args.string({ description: 'name of the snapshot (default: kind and time)' }) };
  static override flags = {
    ...snapshotSettings,
    ...outputFlag,
    to: Flags.string({ description: 'folder to make it in (default: snapshots in the data directory)' }),
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(SnapshotSave);
    const config = configOf(flags);
    const { save } = await import('../../daemon/snapshots.ts');
    const into = flags.to === undefined ? undefined : path.resolve(flags.to);
    const { folder, manifest } = await shown((tell) => save(config, { how: 'manual', name: args.name, into }, tell));
    const text = await formatted({ folder, ...manifest }, flags.output);
    this.log(
      text ??
        `${manifest.name}: ${manifest.keys} objects at revision ${manifest.revision}, ${size(manifest.bytes)}, in ${folder}`,
    );
  }
}
