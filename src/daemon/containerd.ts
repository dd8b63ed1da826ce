// The containerd of this data directory. It takes a moment to answer, so it is started before anything else loads.
import type { Clock } from '../clock.ts';
import { startContainerd } from '../kubelet/cri/containerd-process.ts';
import type { Logger } from '../log.ts';
import type { Config } from './options.ts';

/** Resolves when containerd answers: ours, unless another was named. */
export async function ensureContainerd(
  config: Pick<Config, 'data-dir' | 'run-dir' | 'containerd'>,
  { clock, log }: { clock: Clock; log: Logger },
): Promise<void> {
  if (config.containerd) return;
  await startContainerd({ dataDir: config['data-dir'], runDir: config['run-dir'], clock, log });
}
