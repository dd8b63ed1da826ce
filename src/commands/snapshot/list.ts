// `tsukube snapshot list`: which snapshots there are, newest first.
import path from 'node:path';
import * as Flags from '@oclif/core/flags';
import { PlainCommand } from '../plain-command.ts';
import { configOf } from '../settings.ts';
import { formatted, outputFlag, size, snapshotSettings, table } from './flags.ts';

export class SnapshotList extends PlainCommand {
  static override description = 'List the snapshots, newest first';
  static override flags = {
    ...snapshotSettings,
    ...outputFlag,
    from: Flags.string({ description: 'folder to look in (default: snapshots in the data directory)' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(SnapshotList);
    const config = configOf(flags);
    const { list } = await import('../../daemon/snapshots.ts');
    const found = await list(config, flags.from && path.resolve(flags.from));
    const text = await formatted(
      found.map(({ name, folder, manifest, problem }) => ({ name, folder, ...manifest, ...(problem && { problem }) })),
      flags.output,
    );
    if (text !== undefined) this.log(text);
    else if (found.length === 0) this.log('there are no snapshots: make one with "tsukube snapshot save"');
    else {
      const rows = found.map(({ name, manifest: m, problem }) =>
        m
          ? [name, m.time.slice(0, 19).concat('Z'), String(m.revision), String(m.keys), size(m.bytes), m.how, m.version]
          : [name, `cannot be used: ${problem}`],
      );
      const heads = ['NAME', 'TIME', 'REVISION', 'OBJECTS', 'SIZE', 'MADE', 'VERSION'];
      const good = table([heads, ...rows.filter((row) => row.length === heads.length)]);
      for (const line of good) this.log(line);
      for (const [name, problem] of rows.filter((row) => row.length !== heads.length)) this.log(`${name}   ${problem}`);
    }
  }
}
