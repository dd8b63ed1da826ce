// The image commands' way to the runtime: the same containerd the server uses, whether a server runs or not.

import path from 'node:path';
import { systemClock } from '../clock.ts';
import { containerdAddress, startContainerd } from '../kubelet/cri/containerd-process.ts';
import { createNerdctl } from '../kubelet/cri/nerdctl/cli.ts';
import { createImages } from '../kubelet/cri/nerdctl/images.ts';
import type { ImageRuntime } from '../kubelet/cri/runtime.ts';
import { silentLogger } from '../log.ts';
import type { Config } from './options.ts';

/** Registries' mirrors, authorities and passwords on this node. */
export const registriesOf = (config: Pick<Config, 'data-dir' | 'registries'>): string =>
  config.registries || path.join(config['data-dir'], 'registries');

/** Starts our containerd when none runs; it stays, as it does without a server. */
export async function withRuntime<T>(config: Config, work: (runtime: ImageRuntime) => Promise<T>): Promise<T> {
  const place = { dataDir: config['data-dir'], runDir: config['run-dir'] };
  if (!config.containerd) await startContainerd({ ...place, clock: systemClock, log: silentLogger });
  const registries = registriesOf(config);
  const nerdctl = createNerdctl({
    binary: 'nerdctl',
    address: config.containerd || containerdAddress(place),
    dataRoot: path.join(config['data-dir'], 'nerdctl'),
    registries,
  });
  return work(createImages(nerdctl, { logins: path.join(config['run-dir'], 'logins'), registries }));
}
