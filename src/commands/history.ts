// `tsukube history`: who changed an object, when and how.
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../clock.ts';
import { ClusterCommand, objectArgs, wordsOf } from './terminal/cluster-command.ts';
import { clusterFlags, MOMENT, namespaceFlag, outputFlag, withSession } from './terminal/flags.ts';

const LIMIT = 100;

export class History extends ClusterCommand {
  static override description = 'Show who changed an object, when and how; of objects that are gone, too';
  static override examples = [
    '<%= config.bin %> history deployment web',
    '<%= config.bin %> history deploy/web -v --from 1h',
    '<%= config.bin %> history namespace shop -o yaml',
  ];
  static override args = objectArgs;
  static override flags = {
    ...namespaceFlag,
    from: Flags.string({ description: `only what changed since: ${MOMENT}` }),
    to: Flags.string({ description: 'only what changed until' }),
    limit: Flags.integer({ description: 'as many revisions at most, the newest', default: LIMIT, min: 1 }),
    changes: Flags.boolean({ char: 'v', description: 'show each field that was changed' }),
    all: Flags.boolean({
      char: 'a',
      description: 'updates of nothing but status, too (json and yaml have them always)',
    }),
    ...outputFlag,
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(History);
    const [{ objectNamed }, { optionalMoment }, { historyLines }, { isSecret }, { answer }] = await Promise.all([
      import('../history/session.ts'),
      import('../history/moment.ts'),
      import('../history/show-history.ts'),
      import('../history/mask.ts'),
      import('./terminal/output.ts'),
    ]);
    const span = { from: optionalMoment('from', flags.from), to: optionalMoment('to', flags.to), limit: flags.limit };
    const { found, masked } = await withSession(flags, this.userAgent, async (session) => {
      const name = await objectNamed(session, wordsOf(args));
      return { found: await session.past.history(name, span), masked: isSecret(name.type) };
    });
    const now = systemClock.now();
    await answer(
      {
        lines: (paint) => historyLines(found, { now, paint, all: flags.all, changes: flags.changes, masked }),
        data: () => ({ retainedSince: found.retainedSince, more: found.more, items: found.items }),
      },
      flags.output,
    );
  }
}
