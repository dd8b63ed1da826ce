// `tsukube snapshot restore`: puts a snapshot in place of what the cluster holds.
import path from 'node:path';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { PlainCommand } from '../plain-command.ts';
import { configOf } from '../settings.ts';
import { formatted, outputFlag, shown, snapshotSettings } from './flags.ts';

export class SnapshotRestore extends PlainCommand {
  static override description =
    'Put the cluster back to a snapshot while its server is stopped. What was there is kept in a folder beside';
  static override examples = [
    'tsukube stop && tsukube snapshot restore before-upgrade && tsukube server --detach',
    'tsukube snapshot restore /mnt/backups/before-upgrade',
  ];
  static override args = {
    snapshot: Args.string({ description: 'name, or path of its folder', required: true }),
  };
  static override flags = {
    ...snapshotSettings,
    ...outputFlag,
    from: Flags.string({ description: 'folder it is in (default: snapshots in the data directory)' }),
    'other-cluster': Flags.boolean({
      description: 'take the snapshot of another cluster, with its keys, in place of the one that is here',
    }),
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(SnapshotRestore);
    const config = configOf(flags);
    const { restore } = await import('../../daemon/snapshots.ts');
    const request = {
      snapshot: args.snapshot,
      from: flags.from && path.resolve(flags.from),
      otherCluster: flags['other-cluster'],
    };
    const { manifest, revision, replaced, files } = await shown((tell) => restore(config, request, tell));
    const text = await formatted(
      { snapshot: manifest.name, objects: manifest.keys, revision, replaced: replaced ?? null, files },
      flags.output,
    );
    if (text !== undefined) {
      this.log(text);
      return;
    }
    this.log(`the cluster is that of ${manifest.name} (${manifest.time}, ${manifest.keys} objects)`);
    if (files.length > 0) this.log(`keys from the snapshot: ${files.join(', ')}`);
    if (replaced) this.log(`what was there before is in ${replaced}: remove it when it is not needed any more`);
    this.log('start the server: it ends pods that are not in the snapshot and starts those that are missing');
  }
}
