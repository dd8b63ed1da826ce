// What is said of containers when their pod has ended for good: one that is not known to have ended has failed
// (status_manager.go, TerminatePod). Pure.
import type { ContainerStatus, Pod } from '../../api/types/core/v1.ts';
import { isSidecar, specOf } from '../pod-record.ts';
import { lost } from './container-statuses.ts';

const MESSAGE = 'The container could not be located when the pod was terminated';

const ended = (status: ContainerStatus): ContainerStatus =>
  status.state?.terminated ? status : { ...status, state: { terminated: lost(MESSAGE) } };

/** `init` in the order of the spec. */
export function finalStates(
  pod: Pod,
  { init, regular }: { init: readonly ContainerStatus[]; regular: readonly ContainerStatus[] },
): { init: ContainerStatus[]; regular: ContainerStatus[] } {
  // Those behind the last one that has begun never got their turn; the first one always counts as begun.
  const begun = Math.max(
    0,
    init.findLastIndex((s) => !s.state?.waiting || s.lastState?.terminated),
  );
  return {
    init: init.map((status, index) => (index <= begun ? ended(status) : status)),
    regular: wasInitialized(pod) ? regular.map(ended) : [...regular],
  };
}

function wasInitialized(pod: Pod): boolean {
  const init = specOf(pod).initContainers ?? [];
  const last = init.at(-1);
  if (!last) return true;
  if (pod.status?.containerStatuses?.some((s) => s.lastState?.terminated || !s.state?.waiting)) return true;
  const told = pod.status?.initContainerStatuses?.find((s) => s.name === last.name);
  if (isSidecar(last)) return told?.state?.running !== undefined && told.started === true;
  return (told?.state?.terminated ?? told?.lastState?.terminated)?.exitCode === 0;
}
