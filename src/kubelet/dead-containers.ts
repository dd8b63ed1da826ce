// Which containers and sandboxes of a living pod are of no use any more. Pure.
import type { ContainerStatus, Sandbox } from './cri/runtime.ts';
import type { PodRecord } from './pod-record.ts';

/** The newest, and the one before it for `kubectl logs --previous` and lastState. */
const KEPT_PER_NAME = 2;

export function deadOf(record: PodRecord): { containers: ContainerStatus[]; sandboxes: Sandbox[] } {
  const seen = new Map<string, number>();
  const containers = record.containers.filter((container) => {
    const count = (seen.get(container.name) ?? 0) + 1;
    seen.set(container.name, count);
    return count > KEPT_PER_NAME && container.state !== 'running';
  });
  const sandboxes = record.sandboxes
    .slice(1)
    .filter(
      (s) => s.state !== 'ready' && record.containers.every((c) => c.sandboxId !== s.id || containers.includes(c)),
    );
  return { containers, sandboxes };
}
