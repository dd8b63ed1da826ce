// The containerd of this data directory. It takes a moment to answer, so it is started before anything else loads.
import type { Clock } from '../clock.ts';
import { startContainerd } from '../kubelet/cri/containerd-process.ts';
import type { Logger } from '../log.ts';
import type { Config } from './options.ts';
import { runtimePlace } from './runtime-place.ts';

type ContainerdConfig = Pick<
  Config,
  | 'data-dir'
  | 'run-dir'
  | 'containerd'
  | 'container-runtime'
  | 'container-runtime-endpoint'
  | 'cluster-cidr'
  | 'cni-conf-dir'
  | 'registries'
>;

/** Resolves when containerd answers: ours, unless another was named. */
export async function ensureContainerd(
  config: ContainerdConfig,
  { clock, log }: { clock: Clock; log: Logger },
): Promise<void> {
  const { driver, isOwn } = runtimePlace(config);
  if (!isOwn) return;
  const place = { dataDir: config['data-dir'], runDir: config['run-dir'], clock, log };
  if (driver !== 'cri') {
    await startContainerd(place);
    return;
  }
  const { criPlugin, ensurePauseImage } = await import('./cri.ts');
  await startContainerd({ ...place, cri: criPlugin(config) });
  await ensurePauseImage(config, clock);
}
