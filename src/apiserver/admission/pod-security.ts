// PodSecurity: a namespace's labels say which standard its pods must meet (enforce) or should (warn). Levels of older
// versions are judged by the newest rules, which allow and forbid what a current cluster does.
import { isDeepStrictEqual } from 'node:util';
import { namespaces } from '../../api/resources.ts';
import type { Container, Pod, PodSpec } from '../../api/types/core/v1.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { podSecurityViolations } from './pod-security-checks.ts';
import { validateNamespacePolicy } from './pod-security-namespaces.ts';
import { podSecurityPolicy, shownLevel } from './pod-security-policy.ts';
import { refuse, resourceOf } from './request.ts';

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
    if (resourceOf(request) === 'namespaces') {
      if (request.subresource === '') validateNamespacePolicy(request, reader);
      return;
    }
    const isPod = resourceOf(request) === 'pods';
    const pod = isPod ? changedPod(request) : templateOf(request);
    if (!pod) return;
    const { enforce, warn } = podSecurityPolicy(reader.get(namespaces, undefined, request.namespace)?.metadata.labels);
    const violations = isPod ? podSecurityViolations(pod, enforce.level) : undefined;
    if (violations) throw refuse(request, `violates PodSecurity ${JSON.stringify(shownLevel(enforce))}: ${violations}`);
    const warned = podSecurityViolations(pod, warn.level);
    if (warned) request.warn(`would violate PodSecurity ${JSON.stringify(shownLevel(warn))}: ${warned}`);
  },
});

/** The pod when it is new, or runs another image; other updates cannot change what was allowed. */
function changedPod({ operation, subresource, object, oldObject }: AdmissionRequest): Pod | undefined {
  if (subresource !== '' && subresource !== 'ephemeralcontainers' && subresource !== 'resize') return undefined;
  const pod = object as unknown as Pod;
  if (operation === 'CREATE') return subresource === '' ? pod : undefined;
  const old = oldObject as unknown as Pod;
  return imagesChanged(pod.spec, old.spec) ? pod : undefined;
}

/** What an update of a pod can bring in is an image, or a container to debug with. */
function imagesChanged(spec: PodSpec, old: PodSpec): boolean {
  const images = (containers: readonly Container[] = []) => containers.map(({ image }) => image);
  const debugging = new Map(old.ephemeralContainers?.map(({ name, image }) => [name, image]));
  return (
    !isDeepStrictEqual(images(spec.containers), images(old.containers)) ||
    !isDeepStrictEqual(images(spec.initContainers), images(old.initContainers)) ||
    (spec.ephemeralContainers ?? []).some(({ name, image }) => !debugging.has(name) || debugging.get(name) !== image)
  );
}

function templateOf(request: AdmissionRequest): Pod | undefined {
  const steps = request.subresource === '' ? TEMPLATES[resourceOf(request)] : undefined;
  if (!steps) return undefined;
  let value: unknown = request.object;
  for (const step of steps) value = (value as Record<string, unknown> | undefined)?.[step];
  return value as Pod | undefined;
}
