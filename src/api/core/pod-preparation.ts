// What a Pod's strategy changes before validation (pkg/registry/core/pod/strategy.go, pkg/api/pod/util.go):
// fields behind gates that are off go, what selectors take from the Pod's labels is written out, and AppArmor
// profiles move from annotations to their fields.
import { isDeepStrictEqual } from 'node:util';
import type { LabelSelector } from '../../apimachinery/meta.ts';
import type { AppArmorProfile, Pod, PodAffinityTerm, PodSpec } from '../types/core/v1.ts';
import { visitContainers } from '../validation/containers-of.ts';
import { APPARMOR_CONTAINER } from '../validation/pod-annotations.ts';
import { validateAppArmor } from '../validation/security-context.ts';

/** Of the spec of a Pod or of a template. */
export function preparePodSpec(spec: PodSpec | undefined): void {
  if (!spec) return;
  delete spec.schedulingGroup; // GenericWorkload
  for (const { projected } of spec.volumes ?? []) {
    for (const source of projected?.sources ?? []) {
      delete source.clusterTrustBundle; // ClusterTrustBundleProjection
      delete source.podCertificate; // PodCertificateRequest
    }
  }
  for (const { container } of visitContainers(spec, '')) {
    const { lifecycle } = container;
    if (lifecycle?.stopSignal === undefined) continue;
    delete lifecycle.stopSignal; // ContainerStopSignals
    if (Object.keys(lifecycle).length === 0) delete container.lifecycle;
  }
}

interface LabelKeys {
  matchLabelKeys?: string[];
  mismatchLabelKeys?: string[];
  labelSelector?: LabelSelector;
}

export function applyLabelKeys({ metadata: { labels = {} }, spec }: Pod): void {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  for (const affinity of [podAffinity, podAntiAffinity]) {
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const terms: PodAffinityTerm[] = [
      ...preferred.map(({ podAffinityTerm }) => podAffinityTerm),
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ];
    for (const term of terms) applyKeys(term, labels);
  }
  for (const constraint of spec.topologySpreadConstraints ?? []) applyKeys(constraint, labels);
}

function applyKeys(term: LabelKeys, labels: Readonly<Record<string, string>>): void {
  const { labelSelector: selector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  if (!selector) return;
  const requirements = (keys: readonly string[], operator: 'In' | 'NotIn') =>
    keys.flatMap((key) => {
      const value = labels[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  const added = [...requirements(matchLabelKeys, 'In'), ...requirements(mismatchLabelKeys, 'NotIn')];
  if (added.length > 0) selector.matchExpressions = [...(selector.matchExpressions ?? []), ...added];
}

const LOCALHOST = 'localhost/';

export function appArmorOfAnnotation(text: string): AppArmorProfile | undefined {
  if (text === 'unconfined') return { type: 'Unconfined' };
  if (text === 'runtime/default') return { type: 'RuntimeDefault' };
  const localhostProfile = text.startsWith(LOCALHOST) ? text.slice(LOCALHOST.length) : '';
  return localhostProfile ? { type: 'Localhost', localhostProfile } : undefined;
}

/** A profile of the Pod itself needs no repeating; one that is no profile is left to validation. */
export function applyAppArmorAnnotations({ metadata, spec }: Pod, warn?: (text: string) => void): void {
  if (spec.os?.name === 'windows') return;
  for (const { container } of visitContainers(spec, '')) {
    const key = `${APPARMOR_CONTAINER}${container.name}`;
    const annotation = metadata.annotations?.[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile) continue;
    const profile = appArmorOfAnnotation(annotation);
    const usable = profile && validateAppArmor(profile, '').length === 0;
    if (usable && isDeepStrictEqual(profile, spec.securityContext?.appArmorProfile)) continue;
    warn?.(`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
    if (!usable) continue;
    container.securityContext = { ...container.securityContext, appArmorProfile: profile };
  }
}
