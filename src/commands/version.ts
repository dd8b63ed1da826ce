// `tsukube version`: what this is, and which Kubernetes it serves.
import * as Flags from '@oclif/core/flags';
import { KUBERNETES_VERSION, PRODUCT } from '../constants.ts';
import { PlainCommand } from './plain-command.ts';

export class Version extends PlainCommand {
  static override description = 'Print the version of tsukube and of the Kubernetes API it serves';
  static override flags = { json: Flags.boolean({ description: 'print JSON' }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(Version);
    const version = {
      [PRODUCT]: this.config.version,
      kubernetes: `v${KUBERNETES_VERSION}`,
      node: process.version,
    };
    if (flags.json) this.log(JSON.stringify(version));
    else for (const [name, value] of Object.entries(version)) this.log(`${name} ${value}`);
  }
}
