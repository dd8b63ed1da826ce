// `tsukube image remove`: takes images away that no container uses.
import * as Args from '@oclif/core/args';
import { PlainCommand } from '../plain-command.ts';
import { configFlag, configOf, placeSettings } from '../settings.ts';

export class ImageRemove extends PlainCommand {
  static override description = 'Remove images that no container uses';
  static override strict = false;
  static override args = { image: Args.string({ description: 'name; several may be given', required: true }) };
  static override flags = { ...placeSettings, ...configFlag };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(ImageRemove);
    const { removeImage, toReferences, withRuntime } = await import('../../daemon/images.ts');
    const images = toReferences(argv as string[]);
    await withRuntime(configOf(flags), async (runtime) => {
      for (const image of images) {
        await removeImage(image, runtime);
        this.log(`removed ${image}`);
      }
    });
  }
}
