// `tsukube diff`: what is different between two moments of an object.
import * as Flags from '@oclif/core/flags';
import { ClusterCommand, objectArgs, wordsOf } from './terminal/cluster-command.ts';
import { clusterFlags, MOMENT, namespaceFlag, outputFlag, withSession } from './terminal/flags.ts';

export class Diff extends ClusterCommand {
  static override description =
    'Show what differs between two moments of an object; without any, its last change. As with kubectl diff the exit code is 0 when nothing differs, 1 when something does, 2 for errors';
  static override examples = [
    '<%= config.bin %> diff deployment web',
    '<%= config.bin %> diff deploy/web --from 1h',
    '<%= config.bin %> diff configmap settings --from 120 --to 140',
  ];
  static override args = objectArgs;
  static override flags = {
    ...namespaceFlag,
    from: Flags.string({ description: MOMENT }),
    to: Flags.string({ description: 'the same; default now. Alone: the last change until then' }),
    status: Flags.boolean({ description: 'compare status, too' }),
    ...outputFlag,
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(Diff);
    const [{ objectNamed }, { optionalMoment }, { compare, difference }, { plain }, { answer }] = await Promise.all([
      import('../history/session.ts'),
      import('../history/moment.ts'),
      import('../history/diff.ts'),
      import('../history/text.ts'),
      import('./terminal/output.ts'),
    ]);
    const span = { from: optionalMoment('from', flags.from), to: optionalMoment('to', flags.to) };
    const found = await withSession(flags, this.userAgent, async (session) =>
      difference(session.past, await objectNamed(session, wordsOf(args)), span),
    );
    const compared = compare(found, { paint: plain, status: flags.status });
    await answer(
      {
        lines: (paint) => compare(found, { paint, status: flags.status }).lines,
        data: () => ({ ...found, changes: compared.changes }),
      },
      flags.output,
    );
    if (compared.differs) process.exitCode = 1;
  }

  protected override async catch(error: Error & { oclif?: { exit?: number } }): Promise<void> {
    // 1 means that something differs.
    await super.catch(Object.assign(error, { oclif: { exit: error.oclif?.exit ?? 2 } }));
  }
}
