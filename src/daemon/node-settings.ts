// The settings of the node's resources together, as the kubelet takes them. What does not fit together is said here.
import { thresholdsOf } from '../kubelet/eviction/thresholds.ts';
import type { NodeSettings } from '../kubelet/node/node-settings.ts';
import type { NodeConfig } from './node-options.ts';
import { ConfigError } from './options.ts';

/** Throws ConfigError. */
export function nodeSettings(config: NodeConfig): NodeSettings {
  const { 'image-gc-high-threshold': highPercent, 'image-gc-low-threshold': lowPercent } = config;
  if (highPercent < 100 && lowPercent >= highPercent) {
    throw new ConfigError('--image-gc-low-threshold must be below --image-gc-high-threshold');
  }
  const [minAgeMs, maxAgeMs] = [config['image-minimum-gc-age'], config['image-maximum-gc-age']];
  if (maxAgeMs > 0 && maxAgeMs < minAgeMs) {
    throw new ConfigError('--image-maximum-gc-age must not be below --image-minimum-gc-age');
  }
  const [graceMs, criticalMs] = [config['shutdown-grace-period'], config['shutdown-grace-period-critical-pods']];
  if (criticalMs > graceMs) {
    throw new ConfigError('--shutdown-grace-period-critical-pods must not be above --shutdown-grace-period');
  }
  return {
    maxPods: config['max-pods'],
    podPidsLimit: config['pod-max-pids'],
    kubeReserved: config['kube-reserved'],
    systemReserved: config['system-reserved'],
    eviction: {
      thresholds: thresholds(config),
      pressureTransitionMs: config['eviction-pressure-transition-period'],
      maxPodGraceSeconds: config['eviction-max-pod-grace-period'],
    },
    images: { highPercent, lowPercent, minAgeMs, maxAgeMs },
    shutdown: { graceMs, criticalMs },
  };
}

function thresholds(config: NodeConfig) {
  try {
    return thresholdsOf({
      hard: config['eviction-hard'],
      soft: config['eviction-soft'],
      softGraceMs: config['eviction-soft-grace-period'],
      minReclaim: config['eviction-minimum-reclaim'],
    });
  } catch (error) {
    throw new ConfigError(`the settings of evictions are wrong: ${(error as Error).message}`);
  }
}
