// `tsukube check`: is this host fit, what is missing, how to mend it.
import * as Flags from '@oclif/core/flags';
import { PlainCommand } from './plain-command.ts';
import { allSettings, configFlag, configOf } from './settings.ts';

export class Check extends PlainCommand {
  static override description = 'Check whether this machine can run the cluster';
  static override flags = { ...allSettings, ...configFlag, json: Flags.boolean({ description: 'print JSON' }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(Check);
    const config = configOf(flags);
    const { checkHost } = await import('../daemon/check.ts');
    const { readRunState } = await import('../daemon/run-state.ts');
    // Ports that our own server holds are as they should be.
    const running = readRunState(config['run-dir']) !== undefined;
    const findings = checkHost(config).filter(({ name }) => !running || !name.endsWith(' port'));
    if (flags.json) this.log(JSON.stringify(findings));
    else
      for (const { name, ok, fatal, message } of findings)
        this.log(`${ok ? 'ok  ' : fatal ? 'FAIL' : 'warn'}  ${name}${ok ? '' : `: ${message}`}`);
    if (findings.some(({ ok, fatal }) => !ok && fatal)) process.exitCode = 1;
  }
}
