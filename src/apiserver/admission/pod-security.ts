// PodSecurity: a namespace's labels say which standard its pods must meet (enforce) or should (warn). Levels of older
// versions are judged by the newest rules, which allow and forbid what a current cluster does.
import { isDeepStrictEqual } from 'node:util';
import { namespaces } from '../../api/resources.ts';
import type { Pod, PodSpec } from '../../api/types/core/v1.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { BASELINE_CHECKS } from './pod-security-baseline.ts';
import { RESTRICTED_CHECKS } from './pod-security-restricted.ts';
import { refuse, resourceOf } from './request.ts';

type Level = 'privileged' | 'baseline' | 'restricted';

/** Where workloads keep their pod: warned about already there, so that their author sees it. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  podtemplates: ['template'],
  replicationcontrollers: ['spec', 'template'],
  'replicasets.apps': ['spec', 'template'],
  'deployments.apps': ['spec', 'template'],
  'statefulsets.apps': ['spec', 'template'],
  'daemonsets.apps': ['spec', 'template'],
  'jobs.batch': ['spec', 'template'],
  'cronjobs.batch': ['spec', 'jobTemplate', 'spec', 'template'],
};

export const podSecurity = (reader: ObjectReader): AdmissionPlugin => ({
  name: 'PodSecurity',
  validate(request) {
    if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return;
    const isPod = resourceOf(request) === 'pods';
    const pod = isPod ? changedPod(request) : templateOf(request);
    if (!pod) return;
    const labels = reader.get(namespaces, undefined, request.namespace)?.metadata.labels ?? {};
    const policy = (mode: 'enforce' | 'warn') => {
      const level = parseLevel(labels[`pod-security.kubernetes.io/${mode}`], mode);
      const version = labels[`pod-security.kubernetes.io/${mode}-version`] ?? 'latest';
      return { level, shown: `${level}:${version}` };
    };
    const { level: enforced, shown } = policy('enforce');
    const violations = isPod ? podSecurityViolations(pod, enforced) : undefined;
    if (violations) throw refuse(request, `violates PodSecurity ${JSON.stringify(shown)}: ${violations}`);
    const warning = policy('warn');
    const warned = podSecurityViolations(pod, warning.level);
    if (warned) request.warn(`would violate PodSecurity ${JSON.stringify(warning.shown)}: ${warned}`);
  },
});

/** 'reason (detail), …' of everything in `pod` that `level` forbids; undefined when it is allowed. */
export function podSecurityViolations(pod: Pod, level: Level): string | undefined {
  const { spec } = pod;
  if (level === 'privileged' || !spec) return undefined;
  const checks =
    level === 'baseline'
      ? BASELINE_CHECKS
      : [...BASELINE_CHECKS.filter(({ replaced }) => !replaced), ...RESTRICTED_CHECKS];
  const found = checks.flatMap((check) => check.find(pod, spec) ?? []);
  if (found.length === 0) return undefined;
  return found.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ');
}

/** An unreadable level must not open a namespace whose owner meant to close it: to enforce, it counts as restricted. */
function parseLevel(level: string | undefined, mode: 'enforce' | 'warn'): Level {
  if (level === undefined) return 'privileged';
  if (level === 'privileged' || level === 'baseline' || level === 'restricted') return level;
  return mode === 'enforce' ? 'restricted' : 'privileged';
}

/** The pod when it is new, or its containers changed; other updates cannot change what was allowed. */
function changedPod({ operation, subresource, object, oldObject }: AdmissionRequest): Pod | undefined {
  if (subresource !== '' && subresource !== 'ephemeralcontainers' && subresource !== 'resize') return undefined;
  const pod = object as unknown as Pod;
  if (operation === 'CREATE') return subresource === '' ? pod : undefined;
  const old = oldObject as unknown as Pod;
  const parts = (spec: PodSpec | undefined) => [spec?.initContainers, spec?.containers, spec?.ephemeralContainers];
  return isDeepStrictEqual(parts(pod.spec), parts(old.spec)) ? undefined : pod;
}

function templateOf(request: AdmissionRequest): Pod | undefined {
  const steps = request.subresource === '' ? TEMPLATES[resourceOf(request)] : undefined;
  if (!steps) return undefined;
  let value: unknown = request.object;
  for (const step of steps) value = (value as Record<string, unknown> | undefined)?.[step];
  return value as Pod | undefined;
}
