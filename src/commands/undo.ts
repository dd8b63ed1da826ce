// `tsukube undo`: shows what it would do to undo changes, asks, and does it.
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { Session } from '../history/session.ts';
import type { Proposal } from '../history/undo/gather.ts';
import { ClusterCommand, objectArgs, wordsOf } from './terminal/cluster-command.ts';
import { clusterFlags, MOMENT, namespaceFlag, outputFlag, withSession } from './terminal/flags.ts';

export class Undo extends ClusterCommand {
  static override description =
    'Undo the last change of an object, a deletion (of a namespace with its contents), or all that somebody changed in a span. The plan is shown first';
  static override examples = [
    '<%= config.bin %> undo deployment web',
    '<%= config.bin %> undo deploy/web --to 1h',
    '<%= config.bin %> undo namespace shop',
    '<%= config.bin %> undo --user alice --from 30m --dry-run',
  ];
  static override args = { kind: Args.string({ description: objectArgs.kind.description }), name: objectArgs.name };
  static override flags = {
    ...namespaceFlag,
    to: Flags.string({ description: `make the object as it was then: ${MOMENT}. With --user: until then` }),
    revision: Flags.integer({
      description: 'undo this revision of the object alone',
      min: 1,
      exclusive: ['to', 'user'],
    }),
    user: Flags.string({ description: 'undo what this user changed; needs --from' }),
    from: Flags.string({ description: 'with --user: since then', dependsOn: ['user'] }),
    force: Flags.boolean({ description: 'overwrite what others changed since' }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    'dry-run': Flags.boolean({ description: 'only show the plan', exclusive: ['yes'] }),
    ...outputFlag,
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(Undo);
    const words = wordsOf(args);
    if (flags.user ? words.length > 0 : words.length === 0) {
      this.error('name an object (KIND NAME), or a user (--user NAME --from TIME), and not both', { exit: 2 });
    }
    if (flags.user && !flags.from) this.error('--user needs --from: since when', { exit: 2 });
    await withSession(flags, this.userAgent, async (session) => {
      const proposal = await this.propose(session, flags, words);
      const { nothingToDo, planData, planLines } = await import('../history/undo/show-plan.ts');
      const { answer } = await import('./terminal/output.ts');
      const quiet = flags.output !== undefined && !flags['dry-run'];
      if (!quiet)
        await answer({ lines: (paint) => planLines(proposal, paint), data: () => planData(proposal) }, flags.output);
      if (proposal.steps.length === 0) this.error(nothingToDo(proposal), { exit: 1 });
      if (flags['dry-run']) return;
      if (!flags.yes && !(await this.agreed(proposal, flags.output))) {
        this.log('nothing was changed');
        this.exit(1);
      }
      await this.apply(session, proposal, flags.output);
    });
  }

  private async propose(
    session: Session,
    flags: {
      [name: string]: unknown;
      user?: string | undefined;
      from?: string | undefined;
      to?: string | undefined;
      revision?: number | undefined;
      namespace?: string | undefined;
      force: boolean;
    },
    words: readonly string[],
  ): Promise<Proposal> {
    const [{ objectNamed }, { optionalMoment, parseMoment }, { proposeObject, proposeUser }] = await Promise.all([
      import('../history/session.ts'),
      import('../history/moment.ts'),
      import('../history/undo/gather.ts'),
    ]);
    const { user, from = '', revision, namespace, force } = flags;
    const to = optionalMoment('to', flags.to);
    if (user) return await proposeUser(session, { user, from: parseMoment('from', from), to, namespace, force });
    return await proposeObject(session, { subject: await objectNamed(session, words), to, revision, force });
  }

  /** Without a terminal nobody can be asked: --yes is needed. */
  private async agreed({ steps }: Proposal, output: string | undefined): Promise<boolean> {
    if (!process.stdin.isTTY || output) {
      this.error('nothing was changed: say --yes to do it, or --dry-run to see the plan only', { exit: 2 });
    }
    const { countOf } = await import('../history/undo/show-plan.ts');
    const { isAgreed } = await import('./terminal/ask.ts');
    return await isAgreed(`\n${countOf(steps)}. Do it? [y/N] `, { input: process.stdin, output: process.stdout });
  }

  private async apply(session: Session, proposal: Proposal, output: string | undefined): Promise<void> {
    const [{ applyPlan }, { doneData, doneLine }, { answer }, { paintFor }] = await Promise.all([
      import('../history/undo/apply.ts'),
      import('../history/undo/show-plan.ts'),
      import('./terminal/output.ts'),
      import('./terminal/page.ts'),
    ]);
    const paint = paintFor(process.stdout, process.env);
    const done = await applyPlan(session, proposal, (one) => {
      if (!output) this.log(doneLine(one, paint));
    });
    if (output) await answer({ lines: () => [], data: () => done.map(doneData) }, output);
    const failed = done.filter(({ result }) => result === 'failed').length;
    if (failed > 0)
      this.error(`${failed} of ${done.length} steps failed; what they say is above, and undo can be run again`, {
        exit: 1,
      });
  }
}
