// `tsukube get`: objects as they were.
import * as Flags from '@oclif/core/flags';
import { ClusterCommand, objectArgs, wordsOf } from './terminal/cluster-command.ts';
import { clusterFlags, MOMENT, namespaceFlag, withSession } from './terminal/flags.ts';

export class Get extends ClusterCommand {
  static override description = 'Show objects as they were at a moment';
  static override examples = [
    '<%= config.bin %> get pods --at 10m',
    '<%= config.bin %> get deploy web --at 2026-01-31T12:00:00Z -o yaml',
    '<%= config.bin %> get configmaps -A --at 120 -l app=shop',
  ];
  static override args = objectArgs;
  static override flags = {
    ...namespaceFlag,
    at: Flags.string({ description: `${MOMENT}; default now` }),
    'all-namespaces': Flags.boolean({ char: 'A', description: 'of all namespaces', exclusive: ['namespace'] }),
    selector: Flags.string({ char: 'l', description: 'label selector' }),
    'field-selector': Flags.string({ description: 'field selector' }),
    output: Flags.string({
      char: 'o',
      description: 'another form',
      options: ['wide', 'yaml', 'json', 'name'] as const,
    }),
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { flags, args } = await this.parse(Get);
    const [{ optionalMoment }, { getAt }, { answer }] = await Promise.all([
      import('../history/moment.ts'),
      import('../history/get.ts'),
      import('./terminal/output.ts'),
    ]);
    const found = await withSession(flags, this.userAgent, (session) =>
      getAt(session, wordsOf(args), {
        at: optionalMoment('at', flags.at),
        allNamespaces: flags['all-namespaces'],
        labelSelector: flags.selector,
        fieldSelector: flags['field-selector'],
        output: flags.output as 'wide' | 'yaml' | 'json' | 'name' | undefined,
      }),
    );
    if (found.empty) this.logToStderr(found.empty);
    await answer(found, flags.output);
  }
}
