// Whether a container that has ended must wait before it is started again, in the words of kuberuntime's doBackOff.
import type { Container, Pod } from '../api/types/core/v1.ts';
import { formatMs } from '../apimachinery/duration.ts';
import type { KeyedBackOff } from './back-off.ts';
import type { ContainerStatus } from './cri/runtime.ts';
import { formatPod } from './pod-record.ts';

export interface CrashPause {
  leftMs: number;
  /** Of the waiting state. */
  message: string;
  /** Of the BackOff event. */
  event: string;
}

/** undefined: start it now, which makes the next pause longer. */
export function crashPause(
  container: Container,
  newest: ContainerStatus | undefined,
  at: { pod: Pod; backOff: KeyedBackOff },
): CrashPause | undefined {
  if (newest?.state !== 'exited') return undefined;
  const key = `${at.pod.metadata.uid}_${container.name}_${container.image}`;
  const leftMs = at.backOff.left(key, newest.finishedAt);
  if (leftMs === 0) {
    at.backOff.next(key, newest.finishedAt);
    return undefined;
  }
  const pause = formatMs(at.backOff.current(key));
  const who = formatPod(at.pod);
  return {
    leftMs,
    message: `back-off ${pause} restarting failed container=${container.name} pod=${who}`,
    event: `Back-off restarting failed container ${container.name} in pod ${who}`,
  };
}
