// `tsukube uninstall`: takes everything of tsukube off this machine and says what could not be taken.
import { createInterface } from 'node:readline/promises';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../clock.ts';
import { PlainCommand } from './plain-command.ts';
import { configFlag, configOf, placeSettings } from './settings.ts';

export class Uninstall extends PlainCommand {
  static override description = 'Remove the cluster, its containers and data, and every change made to this machine';
  static override flags = {
    ...placeSettings,
    ...configFlag,
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Uninstall);
    const config = configOf(flags);
    if (!flags.yes && !(await this.agreed(config['data-dir']))) {
      this.log('nothing was removed');
      this.exit(1);
    }
    const { uninstall } = await import('../daemon/teardown.ts');
    const { createProgress } = await import('../daemon/progress.ts');
    const remaining = await uninstall(
      config,
      createProgress(systemClock, (line) => this.log(line)),
    );
    if (remaining.length === 0) return;
    for (const line of remaining) this.logToStderr(`not undone: ${line}`);
    this.error(`${remaining.length} changes remain; run it again when what holds them has ended`, { exit: 1 });
  }

  /** Without a terminal nobody can be asked: --yes is needed. */
  private async agreed(dataDir: string): Promise<boolean> {
    if (!process.stdin.isTTY)
      this.error('this removes the cluster, its data and its snapshots: say --yes to do it', { exit: 2 });
    const questions = createInterface({ input: process.stdin, output: process.stdout });
    const answer = await questions.question(
      `Remove the cluster in ${dataDir} with all its pods, data and snapshots? [y/N] `,
    );
    questions.close();
    return /^y(es)?$/i.test(answer.trim());
  }
}
