// What a Deployment notes on its ReplicaSets: revision, history, and the sizes it wanted
// (k8s.io/kubernetes pkg/controller/deployment/util/deployment_util.go). Pure.
import type { KubeObject } from '../../apimachinery/meta.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';
export const ROLLBACK_TO = 'deprecated.deployment.rollback.to';

const OWN = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  ROLLBACK_TO,
]);
const MAX_HISTORY_CHARS = 2000;

type Annotations = Record<string, string>;

/** Those that a Deployment and its ReplicaSet share. */
export const shared = (annotations: Annotations = {}): Annotations =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => !OWN.has(key)));

/** Those that stay with the object they are on. */
export const own = (annotations: Annotations = {}): Annotations =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => OWN.has(key)));

/** A non-negative number, or undefined when the annotation is missing or says nothing sensible. */
export function numberAnnotation(object: KubeObject, key: string): number | undefined {
  const text = object.metadata.annotations?.[key];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

export const revisionOf = (object: KubeObject): number => numberAnnotation(object, REVISION) ?? 0;

/** The annotations of the ReplicaSet that serves `deployment` as `revision`; its former number goes to the history. */
export function newReplicaSetAnnotations(deployment: KubeObject, current: Annotations, revision: number): Annotations {
  const result = { ...current, ...shared(deployment.metadata.annotations) };
  const before = current[REVISION];
  if (Number(before ?? 0) >= revision) return result;
  result[REVISION] = String(revision);
  if (before !== undefined) {
    const history = [...(current[REVISION_HISTORY]?.split(',').filter(Boolean) ?? []), before];
    while (history.join(',').length > MAX_HISTORY_CHARS) history.shift();
    result[REVISION_HISTORY] = history.join(',');
  }
  return result;
}

export const replicasAnnotations = (desired: number, max: number): Annotations => ({
  [DESIRED_REPLICAS]: String(desired),
  [MAX_REPLICAS]: String(max),
});
