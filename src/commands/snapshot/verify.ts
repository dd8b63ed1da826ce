// `tsukube snapshot verify`: is a snapshot what it was when it was made?
import path from 'node:path';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { PlainCommand } from '../plain-command.ts';
import { configOf } from '../settings.ts';
import { formatted, outputFlag, shown, snapshotSettings } from './flags.ts';

export class SnapshotVerify extends PlainCommand {
  static override description = 'Read snapshots whole and look for anything that is wrong with them';
  static override strict = false;
  static override args = {
    snapshot: Args.string({ description: 'name, or path of its folder; several may be named (default: all)' }),
  };
  static override flags = {
    ...snapshotSettings,
    ...outputFlag,
    from: Flags.string({ description: 'folder they are in (default: snapshots in the data directory)' }),
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(SnapshotVerify);
    const config = configOf(flags);
    const from = flags.from && path.resolve(flags.from);
    const { list, verify } = await import('../../daemon/snapshots.ts');
    const named = argv as string[];
    const names = named.length > 0 ? named : (await list(config, from)).map(({ name }) => name);
    const results: { snapshot: string; good: boolean; problem?: string }[] = [];
    for (const snapshot of names) {
      const problem = await shown((tell) => verify(config, { snapshot, from }, tell)).then(
        () => undefined,
        (error: Error) => error.message,
      );
      results.push({ snapshot, good: problem === undefined, ...(problem !== undefined && { problem }) });
    }
    const text = await formatted(results, flags.output);
    if (text !== undefined) this.log(text);
    else if (results.length === 0) this.log('there are no snapshots');
    else for (const { snapshot, problem } of results) this.log(problem ?? `${snapshot} is good`);
    if (results.some(({ good }) => !good)) process.exitCode = 1;
  }
}
