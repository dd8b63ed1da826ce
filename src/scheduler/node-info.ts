// What the scheduler knows of one node: its object, the pods that are on it or assumed there, and their sums.
import type { Node, Pod } from '../api/types/core/v1.ts';
import { podRequests, toResources } from './pod-requests.ts';

/** Resource name → amount: cpu in thousandths, all else in units. */
export type Resources = ReadonlyMap<string, number>;

export interface NodeInfo {
  readonly node: Node;
  readonly allocatable: Resources;
  /** Of all pods of the node. */
  readonly requested: Resources;
  /** The same with assumed amounts for containers that ask for nothing; only for scores. */
  readonly scoring: Resources;
  /** By uid. */
  readonly pods: ReadonlyMap<string, Pod>;
  /** Name with tag → bytes. */
  readonly images: ReadonlyMap<string, number>;
}

/** Pods that have ended hold nothing. */
export const holdsResources = (pod: Pod): boolean =>
  pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed';

export function nodeInfo(node: Node, pods: readonly Pod[]): NodeInfo {
  const requested = new Map<string, number>();
  const scoring = new Map<string, number>();
  for (const pod of pods) {
    for (const [name, value] of podRequests(pod)) requested.set(name, (requested.get(name) ?? 0) + value);
    for (const [name, value] of podRequests(pod, { forScoring: true }))
      scoring.set(name, (scoring.get(name) ?? 0) + value);
  }
  const images = (node.status?.images ?? []).flatMap((image) =>
    (image.names ?? []).map((name): [string, number] => [name, image.sizeBytes ?? 0]),
  );
  return {
    node,
    allocatable: toResources(node.status?.allocatable as Record<string, string> | undefined),
    requested,
    scoring,
    pods: new Map(pods.map((pod) => [pod.metadata.uid as string, pod])),
    images: new Map(images),
  };
}
