// The settings as /configz tells them: a KubeletConfiguration of upstream (kubelet.config.k8s.io/v1beta1), with what
// this kubelet knows of one. Pure.
import { formatQuantity } from '../../apimachinery/quantity.ts';
import { isHard, type Threshold, type ThresholdValue } from '../eviction/thresholds.ts';
import type { NodeSettings } from './node-settings.ts';

export function kubeletConfiguration(
  settings: NodeSettings,
  at: { port: number; cgroupRoot: string },
): Record<string, unknown> {
  const { eviction, images, shutdown } = settings;
  const stated = eviction.thresholds.filter(({ signal }) => signal !== 'allocatableMemory.available');
  const [hard, soft] = [stated.filter(isHard), stated.filter((one) => !isHard(one))];
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    port: at.port,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true, cacheTTL: '2m0s' } },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
    cgroupRoot: at.cgroupRoot,
    cgroupsPerQOS: true,
    cgroupDriver: 'cgroupfs',
    enforceNodeAllocatable: ['pods'],
    maxPods: settings.maxPods,
    podPidsLimit: settings.podPidsLimit,
    kubeReserved: settings.kubeReserved,
    systemReserved: settings.systemReserved,
    evictionHard: byName(hard, ({ value }) => valueText(value)),
    evictionSoft: byName(soft, ({ value }) => valueText(value)),
    evictionSoftGracePeriod: byName(soft, ({ graceMs }) => durationText(graceMs)),
    evictionMinimumReclaim: byName(
      stated.filter(({ minReclaim }) => minReclaim !== undefined),
      ({ minReclaim }) => valueText(minReclaim as ThresholdValue),
    ),
    evictionPressureTransitionPeriod: durationText(eviction.pressureTransitionMs),
    evictionMaxPodGracePeriod: eviction.maxPodGraceSeconds,
    imageGCHighThresholdPercent: images.highPercent,
    imageGCLowThresholdPercent: images.lowPercent,
    imageMinimumGCAge: durationText(images.minAgeMs),
    imageMaximumGCAge: durationText(images.maxAgeMs),
    shutdownGracePeriod: durationText(shutdown.graceMs),
    shutdownGracePeriodCriticalPods: durationText(shutdown.criticalMs),
  };
}

const byName = (thresholds: readonly Threshold[], text: (threshold: Threshold) => string): Record<string, string> =>
  Object.fromEntries(thresholds.map((one) => [one.signal, text(one)]));

const valueText = (value: ThresholdValue): string =>
  'quantity' in value ? formatQuantity(value.quantity) : `${Number((value.part * 100).toFixed(6))}%`;

/** As Go writes a duration: 2m0s, 1h0m0s. */
function durationText(ms: number): string {
  const [hours, minutes, seconds] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, (ms / 1000) % 60];
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
