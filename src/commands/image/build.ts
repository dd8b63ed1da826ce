// `tsukube image build`: from a Dockerfile to what pods can run at once.
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { PlainCommand } from '../plain-command.ts';
import { configFlag, configOf, placeSettings } from '../settings.ts';

export class ImageBuild extends PlainCommand {
  static override description =
    'Build an image from a Dockerfile, with buildkit, podman, buildah or docker, whichever is installed';
  static override args = {
    context: Args.string({ description: 'folder that the Dockerfile copies from', required: true }),
  };
  static override flags = {
    ...placeSettings,
    ...configFlag,
    tag: Flags.string({ char: 't', description: 'name of the image', required: true }),
    file: Flags.string({ char: 'f', description: 'Dockerfile; default: the one in the folder' }),
    'build-arg': Flags.string({ description: 'NAME=VALUE of an ARG; may be repeated', multiple: true }),
    json: Flags.boolean({ description: 'print JSON' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImageBuild);
    const { toReferences, withRuntime } = await import('../../daemon/images.ts');
    const { buildImage } = await import('../../daemon/image-build.ts');
    const [tag] = toReferences([flags.tag]) as [string];
    const { file, 'build-arg': buildArgs } = flags;
    const build = { tag, context: args.context, ...(file ? { file } : {}), ...(buildArgs ? { buildArgs } : {}) };
    const names = await withRuntime(configOf(flags), (runtime) => buildImage(build, { runtime }));
    if (flags.json) this.log(JSON.stringify(names));
    else for (const name of names) this.log(name);
  }
}
