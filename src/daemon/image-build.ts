// `tsukube image build`: one of the programs that build images out of a Dockerfile does, into an archive, which is loaded like any.
// None is needed for anything else, so none is set up with the server.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawn } from '../exec.ts';
import { normalizeReference } from '../kubelet/cri/image-reference.ts';
import type { ImageRuntime } from '../kubelet/cri/runtime.ts';
import { findProgram } from './check.ts';

export interface ImageBuild {
  /** Name of the image to come. */
  tag: string;
  /** The folder that the Dockerfile copies from. */
  context: string;
  /** Default: Dockerfile or Containerfile in the context. */
  file?: string;
  /** NAME=VALUE, as ARG in the Dockerfile has them. */
  buildArgs?: readonly string[];
}

/** The arguments of each of its runs, the last of which leaves the archive. */
type Builder = (build: Required<ImageBuild>, archive: string) => string[][];

const buildArgsOf = ({ buildArgs }: Required<ImageBuild>) => buildArgs.flatMap((arg) => ['--build-arg', arg]);

/** The first that is there is taken. */
const BUILDERS: Readonly<Record<string, Builder>> = {
  buildctl: ({ tag, context, file, buildArgs }, archive) => [
    [
      'build',
      '--frontend=dockerfile.v0',
      `--local=context=${context}`,
      `--local=dockerfile=${path.dirname(file)}`,
      `--opt=filename=${path.basename(file)}`,
      ...buildArgs.map((arg) => `--opt=build-arg:${arg}`),
      `--output=type=docker,name=${tag},dest=${archive}`,
    ],
  ],
  podman: (build, archive) => [
    ['build', '--tag', build.tag, '--file', build.file, ...buildArgsOf(build), build.context],
    ['save', '--format', 'docker-archive', '--output', archive, build.tag],
  ],
  buildah: (build, archive) => [
    ['build', '--tag', build.tag, '--file', build.file, ...buildArgsOf(build), build.context],
    ['push', build.tag, `docker-archive:${archive}:${build.tag}`],
  ],
  docker: (build, archive) => [
    ['build', '--tag', build.tag, '--file', build.file, ...buildArgsOf(build), build.context],
    ['save', '--output', archive, build.tag],
  ],
};

/** Resolves with the names of the image; the program writes on our standard error. `search` is a PATH. */
export async function buildImage(
  build: ImageBuild,
  { runtime, search }: { runtime: Pick<ImageRuntime, 'loadImages'>; search?: string },
): Promise<string[]> {
  const [name, program] = builder(search);
  const whole = wholeBuild(build);
  const folder = mkdtempSync(path.join(tmpdir(), 'image-build-'));
  try {
    const archive = path.join(folder, 'image.tar');
    for (const args of (BUILDERS[name] as Builder)(whole, archive)) await runShown(program, args);
    return await runtime.loadImages(archive);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function builder(search?: string): [name: string, program: string] {
  for (const name of Object.keys(BUILDERS)) {
    const program = findProgram(name, search);
    if (program) return [name, program];
  }
  throw new Error(
    `nothing here builds images: install buildkit (buildctl, with buildkitd running), podman, buildah or docker; or build elsewhere and bring the archive with "image load"`,
  );
}

function wholeBuild({ tag, context, file, buildArgs = [] }: ImageBuild): Required<ImageBuild> {
  const wrong = buildArgs.find((arg) => !/^\w+=/.test(arg));
  if (wrong !== undefined) throw new Error(`--build-arg must be NAME=VALUE, not "${wrong}"`);
  if (!existsSync(context)) throw new Error(`there is no folder ${context} to build from`);
  const usual = ['Dockerfile', 'Containerfile'].map((name) => path.join(context, name));
  const found = (file === undefined ? usual : [file]).find((one) => existsSync(one));
  if (found === undefined) throw new Error(`there is no ${file ?? `Dockerfile in ${context}; name it with --file`}`);
  // The full name: podman would call it localhost/…, and pods would not find it.
  return { tag: normalizeReference(tag), context: path.resolve(context), file: path.resolve(found), buildArgs };
}

async function runShown(program: string, args: readonly string[]): Promise<void> {
  const child = spawn([program, ...args], { stdio: ['ignore', 2, 2] });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${path.basename(program)} did not build the image; it says above why`);
}
