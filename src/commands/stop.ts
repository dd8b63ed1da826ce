// `tsukube stop`: ends the server; with --all the pods too.
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../clock.ts';
import { PlainCommand } from './plain-command.ts';
import { configFlag, configOf, placeSettings } from './settings.ts';

export class Stop extends PlainCommand {
  static override description = 'Stop the server; its containers run on and are adopted by the next start';
  static override flags = {
    ...placeSettings,
    ...configFlag,
    all: Flags.boolean({ description: 'stop the pods too' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Stop);
    const config = configOf(flags);
    const { stopPods, stopServer } = await import('../daemon/teardown.ts');
    const { createProgress } = await import('../daemon/progress.ts');
    this.log((await stopServer(config)) ? 'the server has stopped' : 'no server runs');
    if (!flags.all) return;
    const progress = createProgress(systemClock, (line) => this.log(line));
    const count = await stopPods(config, progress);
    this.log(count === 1 ? '1 pod was stopped' : `${count} pods were stopped`);
  }
}
