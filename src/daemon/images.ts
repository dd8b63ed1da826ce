// The image commands' way to the runtime: the same containerd the server uses, whether a server runs or not.
import path from 'node:path';
import { systemClock } from '../clock.ts';
import { startContainerd } from '../kubelet/cri/containerd-process.ts';
import { createNerdctl } from '../kubelet/cri/nerdctl/cli.ts';
import { createImages, type NerdctlImages } from '../kubelet/cri/nerdctl/images.ts';
import type { ImageRuntime } from '../kubelet/cri/runtime.ts';
import { lookUp } from '../kubelet/images/keyring.ts';
import { readKeyring } from '../kubelet/images/pull-secrets.ts';
import { isReference } from '../kubelet/images.ts';
import { silentLogger } from '../log.ts';
import { openLedger } from './ledger.ts';
import type { Config } from './options.ts';
import { type RuntimeSettings, runtimePlace } from './runtime-place.ts';

/** Registries' mirrors, authorities and passwords on this node. */
export const registriesOf = (config: Pick<Config, 'data-dir' | 'registries'>): string =>
  config.registries || path.join(config['data-dir'], 'registries');

/** Images in the containerd of these settings, by nerdctl: the CRI can neither load nor prune. */
export function nerdctlImages(config: RuntimeSettings & Pick<Config, 'registries'>): NerdctlImages {
  const registries = registriesOf(config);
  const nerdctl = createNerdctl({
    binary: 'nerdctl',
    address: runtimePlace(config).socket,
    dataRoot: path.join(config['data-dir'], 'nerdctl'),
    registries,
  });
  return createImages(nerdctl, { logins: path.join(config['run-dir'], 'logins'), registries });
}

/** Images of podman's, or docker's, own. */
async function dialectImages(driver: 'podman' | 'docker', config: Config): Promise<NerdctlImages> {
  const { createDialectImages } = await import('../kubelet/cri/nerdctl/dialect-images.ts');
  const { createPodman } = await import('../kubelet/cri/podman/cli.ts');
  const { createDocker } = await import('../kubelet/cri/docker/driver.ts');
  const place = { dataDir: config['data-dir'], runDir: config['run-dir'] };
  const cli =
    driver === 'docker'
      ? createDocker('docker')
      : createPodman({ binary: 'podman', ...place, ledger: openLedger(config) });
  const temporary = path.join(config['run-dir'], 'logins');
  return createDialectImages(cli, { temporary, registries: registriesOf(config) });
}

/** Starts our containerd when none runs; it stays, as it does without a server. */
export async function withRuntime<T>(config: Config, work: (runtime: NerdctlImages) => Promise<T>): Promise<T> {
  const place = { dataDir: config['data-dir'], runDir: config['run-dir'] };
  const { driver, isOwn } = runtimePlace(config);
  if (driver === 'podman' || driver === 'docker') return work(await dialectImages(driver, config));
  if (isOwn) await startContainerd({ ...place, clock: systemClock, log: silentLogger });
  return work(nerdctlImages(config));
}

/** The names as they were given. Throws an Error about the first that is none. */
export function toReferences(names: readonly string[]): readonly string[] {
  const wrong = names.find((name) => !isReference(name));
  if (wrong === undefined) return names;
  throw new Error(`"${wrong}" is not the name of an image: write it as [REGISTRY/]NAME[:TAG][@DIGEST]`);
}

/** Resolves with the image's id. With the node's credentials that fit, one after another, or without any. */
export async function pullImage(
  image: string,
  { runtime, registries }: { runtime: ImageRuntime; registries: string },
): Promise<string> {
  const [first, ...others] = lookUp(await readKeyring(path.join(registries, 'config.json')), image);
  let pull = runtime.pullImage(image, { credential: first });
  for (const credential of others) pull = pull.catch(() => runtime.pullImage(image, { credential }));
  await pull;
  const status = await runtime.imageStatus(image);
  if (!status) throw new Error(`image "${image}" was pulled but is not there`);
  return status.id;
}

/** Throws an Error when there is no such image, or a container uses it. */
export async function removeImage(image: string, runtime: ImageRuntime): Promise<void> {
  if (!(await runtime.imageStatus(image))) throw new Error(`there is no image "${image}" on this node`);
  await runtime.removeImage(image);
}
