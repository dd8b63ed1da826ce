// `tsukube image prune`: makes room by removing what no container uses.
import * as Flags from '@oclif/core/flags';
import { PlainCommand } from '../plain-command.ts';
import { configFlag, configOf, placeSettings } from '../settings.ts';

export class ImagePrune extends PlainCommand {
  static override description = 'Remove all images that no container uses (a stopped one uses its image, too)';
  static override flags = { ...placeSettings, ...configFlag, json: Flags.boolean({ description: 'print JSON' }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(ImagePrune);
    const { withRuntime } = await import('../../daemon/images.ts');
    const removed = await withRuntime(configOf(flags), (runtime) => runtime.pruneImages());
    if (flags.json) this.log(JSON.stringify(removed));
    else if (removed.length === 0) this.log('every image is used by a container');
    else for (const name of removed) this.log(`removed ${name}`);
  }
}
