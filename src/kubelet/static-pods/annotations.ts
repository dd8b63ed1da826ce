// How static pods and their mirrors are told from others (pkg/kubelet/types/pod_update.go).
import type { Pod } from '../../api/types/core/v1.ts';

export const SOURCE = 'kubernetes.io/config.source';
/** Of a static pod: its uid here. */
export const HASH = 'kubernetes.io/config.hash';
export const SEEN = 'kubernetes.io/config.seen';
/** Of the mirror of a static pod: the hash of what it mirrors. */
export const MIRROR = 'kubernetes.io/config.mirror';

export function isStaticPod({ metadata: { annotations = {} } }: Pod): boolean {
  const source = annotations[SOURCE];
  return source !== undefined && source !== 'api';
}

export const isMirrorPod = (pod: Pod): boolean => pod.metadata.annotations?.[MIRROR] !== undefined;
