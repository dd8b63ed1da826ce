// `tsukube image pull`: fetches images before a pod needs them, as a pod's own pull would.
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../clock.ts';
import { PlainCommand } from '../plain-command.ts';
import { configFlag, configOf, placeSettings } from '../settings.ts';

export class ImagePull extends PlainCommand {
  static override description =
    'Pull images from their registries, with the mirrors and passwords of the registries folder';
  static override strict = false;
  static override args = { image: Args.string({ description: 'name; several may be given', required: true }) };
  static override flags = { ...placeSettings, ...configFlag, json: Flags.boolean({ description: 'print JSON' }) };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(ImagePull);
    const config = configOf(flags);
    const { pullImage, registriesOf, toReferences, withRuntime } = await import('../../daemon/images.ts');
    const { createProgress, silentProgress } = await import('../../daemon/progress.ts');
    const images = toReferences(argv as string[]);
    const progress = flags.json ? silentProgress : createProgress(systemClock, (line) => this.log(line));
    const pulled = await withRuntime(config, async (runtime) => {
      const all: { image: string; id: string }[] = [];
      for (const image of images) {
        const id = await progress.step(image, () => pullImage(image, { runtime, registries: registriesOf(config) }));
        all.push({ image, id });
      }
      return all;
    });
    if (flags.json) this.log(JSON.stringify(pulled));
  }
}
