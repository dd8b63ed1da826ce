// The network counters of a pod: those of the namespace that its processes are in.
import type { Cgroups } from '../cgroups/cgroups.ts';
import type { ReadKernel } from './node-usage.ts';
import { defaultInterface, parseInterfaces } from './proc.ts';
import type { NetworkStats } from './summary-types.ts';

/** undefined when nothing runs in the group. `own`: this server's process is in the host's network. */
export function networkOf(
  process: number | 'own' | undefined,
  { read, time }: { read: ReadKernel; time: string },
): NetworkStats | undefined {
  if (process === undefined) return undefined;
  const folder = `/proc/${process === 'own' ? 'self' : process}/net`;
  try {
    const interfaces = parseInterfaces(read(`${folder}/dev`));
    const main = defaultInterface(read(`${folder}/route`));
    const one = interfaces.find(({ name }) => name === main) ?? interfaces[0];
    return one && { time, ...one, interfaces };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EINVAL') return undefined; // it has ended meanwhile
    throw error;
  }
}

export const anyProcessOf = (cgroups: Pick<Cgroups, 'processes'>, cgroup: string): number | undefined =>
  cgroups.processes(cgroup)[0];
