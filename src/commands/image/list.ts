// `tsukube image list`: the images that pods can run without a pull.
import * as Flags from '@oclif/core/flags';
import { PlainCommand } from '../plain-command.ts';
import { configFlag, configOf, placeSettings } from '../settings.ts';

export class ImageList extends PlainCommand {
  static override description = 'List the images on this node';
  static override flags = { ...placeSettings, ...configFlag, json: Flags.boolean({ description: 'print JSON' }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(ImageList);
    const { withRuntime } = await import('../../daemon/images.ts');
    const images = await withRuntime(configOf(flags), (runtime) => runtime.listImages());
    if (flags.json) this.log(JSON.stringify(images));
    else {
      for (const { repoTags, id, size } of images) {
        for (const tag of repoTags) this.log(`${tag.padEnd(60)} ${id.slice(0, 19)} ${(size / 1e6).toFixed(1)} MB`);
      }
    }
  }
}
