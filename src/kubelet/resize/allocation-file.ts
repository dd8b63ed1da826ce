// What a pod was given and what its containers have, kept in the pod's directory so that a kubelet that starts anew
// neither takes a wish for a fact nor resizes twice (allocated_pods_state, actuated_pods_state).
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Allocation } from './allocation.ts';

export interface PodAllocation {
  allocated: Allocation;
  actuated: Allocation;
}

export interface AllocationFile {
  /** undefined: there is none, or none that can be read. */
  read(): PodAllocation | undefined;
  write(allocation: PodAllocation): void;
}

export function openAllocationFile(podDirectory: string): AllocationFile {
  const file = path.join(podDirectory, 'resources.json');
  return {
    read() {
      try {
        return JSON.parse(readFileSync(file, 'utf8')) as PodAllocation;
      } catch {
        return undefined; // a pod that was never seen before, or written when the disk was full
      }
    },
    write(allocation) {
      mkdirSync(podDirectory, { recursive: true, mode: 0o750 });
      writeFileSync(`${file}.new`, JSON.stringify(allocation), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
  };
}
