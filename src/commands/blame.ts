// `tsukube blame`: each field of an object with who made it what it is.
import { systemClock } from '../clock.ts';
import { ClusterCommand, objectArgs, wordsOf } from './terminal/cluster-command.ts';
import { clusterFlags, namespaceFlag, outputFlag, withSession } from './terminal/flags.ts';

export class Blame extends ClusterCommand {
  static override description = 'Show for each line of an object which revision made it so, when, and by whom';
  static override examples = ['<%= config.bin %> blame deployment web', '<%= config.bin %> blame cm/settings -n shop'];
  static override args = objectArgs;
  static override flags = { ...namespaceFlag, ...outputFlag, ...clusterFlags };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(Blame);
    const [{ objectNamed }, { blamedLines, blameData, blameLines }, { answer }] = await Promise.all([
      import('../history/session.ts'),
      import('../history/show-blame.ts'),
      import('./terminal/output.ts'),
    ]);
    const lines = await withSession(flags, this.userAgent, async (session) =>
      blamedLines(session.past, await objectNamed(session, wordsOf(args)), { masked: flags.output === undefined }),
    );
    const now = systemClock.now();
    await answer({ lines: (paint) => blameLines(lines, { now, paint }), data: () => blameData(lines) }, flags.output);
  }
}
