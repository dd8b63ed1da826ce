// `tsukube server`: runs the cluster in the foreground, in the background, or as a service.
import * as Flags from '@oclif/core/flags';
import { OPTIONS } from '../daemon/options.ts';
import { PlainCommand } from './plain-command.ts';
import { allSettings, configFlag } from './settings.ts';

export class Server extends PlainCommand {
  static override description = 'Run the cluster';
  static override examples = [
    'sudo tsukube server',
    'sudo tsukube server --detach',
    'tsukube server --components=apiserver --storage=memory: --data-dir=/tmp/api --run-dir=/tmp/api',
  ];
  static override flags = {
    ...allSettings,
    ...configFlag,
    detach: Flags.boolean({ description: 'leave the server in the background', exclusive: ['service'] }),
    service: Flags.boolean({ description: 'install and start a systemd unit', exclusive: ['detach'] }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Server);
    const { detach, service, config: file, ...given } = flags as Record<string, string | boolean | undefined>;
    const settings = Object.fromEntries(Object.entries(given).filter(([name]) => name in OPTIONS));
    const sources = { flags: settings as Record<string, string>, env: process.env, file: file as string | undefined };
    const write = (line: string) => this.log(line);
    const { runForeground, runDetached, installService } = await import('../daemon/run.ts');
    if (service) await installService(sources, write);
    else if (detach) await runDetached(sources, write);
    else await runForeground(sources, write);
  }
}
