// `tsukube store check`: is everything in the store as it was written?
import { PlainCommand } from '../plain-command.ts';
import { configOf } from '../settings.ts';
import { formatted, outputFlag, snapshotSettings } from '../snapshot/flags.ts';

export class StoreCheck extends PlainCommand {
  static override description = 'Read the whole store and tell what is wrong with it; with a server, memory too';
  static override flags = { ...snapshotSettings, ...outputFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(StoreCheck);
    const { checkStore } = await import('../../daemon/store.ts');
    const result = await checkStore(configOf(flags));
    const text = await formatted({ good: result.findings.length === 0, ...result }, flags.output);
    if (text !== undefined) this.log(text);
    else if (result.findings.length === 0) {
      this.log(`the store is whole${result.compared ? ', and memory is what the disk holds' : ''}`);
    } else for (const finding of result.findings) this.log(finding);
    if (result.findings.length > 0) process.exitCode = 1;
  }
}
