// `tsukube timeline`: changes and Events of a namespace in one list.
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../clock.ts';
import { ClusterCommand } from './terminal/cluster-command.ts';
import { clusterFlags, MOMENT, namespaceFlag, outputFlag, withSession } from './terminal/flags.ts';

const LIMIT = 200;

export class Timeline extends ClusterCommand {
  static override description =
    'Show what changed in a namespace and the Events in it, by time; of one that is gone, too';
  static override examples = [
    '<%= config.bin %> timeline default',
    '<%= config.bin %> timeline shop --from 2h --to 1h',
  ];
  static override args = { namespace: Args.string({ description: "default the context's" }) };
  static override flags = {
    ...namespaceFlag,
    from: Flags.string({ description: MOMENT }),
    to: Flags.string({ description: 'the same; default now' }),
    limit: Flags.integer({ description: 'as many lines at most, the newest', default: LIMIT, min: 1 }),
    all: Flags.boolean({
      char: 'a',
      description: 'updates of nothing but status, too (json and yaml have them always)',
    }),
    ...outputFlag,
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(Timeline);
    const [{ optionalMoment }, { timelineLines, timelineOf }, { answer }] = await Promise.all([
      import('../history/moment.ts'),
      import('../history/timeline.ts'),
      import('./terminal/output.ts'),
    ]);
    const span = { from: optionalMoment('from', flags.from), to: optionalMoment('to', flags.to), limit: flags.limit };
    const found = await withSession(flags, this.userAgent, (session) =>
      timelineOf(session.past, { namespace: args.namespace ?? session.namespace, ...span }),
    );
    const now = systemClock.now();
    if (found.entries.length === 0) this.logToStderr('nothing changed there, as far as is kept');
    await answer(
      { lines: (paint) => timelineLines(found, { now, paint, all: flags.all }), data: () => found },
      flags.output,
    );
  }
}
