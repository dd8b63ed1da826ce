// `tsukube kubeconfig`: prints the administrator's kubeconfig of this data directory.
import { accessSync } from 'node:fs';
import path from 'node:path';
import { isMissingFile } from '../missing-file.ts';
import { PlainCommand } from './plain-command.ts';
import { configFlag, configOf, settingFlags } from './settings.ts';

export class Kubeconfig extends PlainCommand {
  static override description = 'Print a kubeconfig with full rights';
  static override flags = { ...settingFlags(['data-dir', 'port']), ...configFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(Kubeconfig);
    const config = configOf(flags);
    try {
      accessSync(path.join(config['data-dir'], 'pki', 'ca.crt'));
    } catch (error) {
      if (!isMissingFile(error)) throw error;
      const problem = `there is no cluster in ${config['data-dir']}`;
      this.error(`${problem}: start one with "tsukube server", or name another --data-dir`, { exit: 1 });
    }
    const { readKubeconfig } = await import('../daemon/kubeconfig.ts');
    process.stdout.write(await readKubeconfig(config));
  }
}
