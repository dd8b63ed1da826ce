// `tsukube image load`: brings image archives to where pods find them.
import { existsSync } from 'node:fs';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../clock.ts';
import { PlainCommand } from '../plain-command.ts';
import { configFlag, configOf, placeSettings } from '../settings.ts';

export class ImageLoad extends PlainCommand {
  static override description = 'Load image archives (OCI or docker save; .tar, .tar.gz, .tar.zst)';
  static override strict = false;
  static override args = {
    archive: Args.string({ description: 'file to load; several may be named', required: true }),
  };
  static override flags = { ...placeSettings, ...configFlag, json: Flags.boolean({ description: 'print JSON' }) };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(ImageLoad);
    const files = argv as string[];
    const missing = files.find((file) => !existsSync(file));
    if (missing) this.error(`there is no file ${missing}`, { exit: 1 });
    const { withRuntime } = await import('../../daemon/images.ts');
    const { createProgress, silentProgress } = await import('../../daemon/progress.ts');
    const progress = flags.json ? silentProgress : createProgress(systemClock, (line) => this.log(line));
    const loaded = await withRuntime(configOf(flags), async (runtime) => {
      const all: string[] = [];
      for (const file of files) all.push(...(await progress.step(file, () => runtime.loadImages(file))));
      return all;
    });
    if (flags.json) this.log(JSON.stringify(loaded));
    else for (const name of loaded) this.log(name);
  }
}
