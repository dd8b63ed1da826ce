// The kernel's accounts of one control group, read from its files (cadvisor container/libcontainer/handler.go:
// the working set is what is used without files that are not in use). Pure.
import type { MemoryStats, Pressures } from '../cri/runtime.ts';
import { pressuresOf } from './pressure.ts';
import type { CgroupVersion } from './settings.ts';

export interface CgroupUsage {
  cpu?: { usageNanoseconds: number };
  memory?: MemoryStats;
  processes?: number;
  /** Version 1 does not account for it. */
  pressure?: Pressures;
}

/** Where v1 keeps an account; v2 has all in one folder. */
export type Account = 'cpuacct' | 'memory' | 'pids';

/** Text of a file of the group; undefined when it is not there. */
export type ReadAccount = (account: Account, file: string) => string | undefined;

/** undefined: there is no such group. */
export function usageOf(read: ReadAccount, version: CgroupVersion): CgroupUsage | undefined {
  const cpu = version === 1 ? cpuOfV1(read) : cpuOfV2(read);
  const memory = version === 1 ? memoryOfV1(read) : memoryOfV2(read);
  const processes = read('pids', 'pids.current');
  if (cpu === undefined && memory === undefined && processes === undefined) return undefined;
  return {
    ...(cpu === undefined ? {} : { cpu: { usageNanoseconds: cpu } }),
    ...(memory === undefined ? {} : { memory }),
    ...(processes === undefined ? {} : { processes: Number(processes) }),
    ...(version === 2 ? pressuresOf(read) : {}),
  };
}

function cpuOfV1(read: ReadAccount): number | undefined {
  const nanoseconds = read('cpuacct', 'cpuacct.usage');
  return nanoseconds === undefined ? undefined : Number(nanoseconds);
}

function cpuOfV2(read: ReadAccount): number | undefined {
  const stat = read('cpuacct', 'cpu.stat');
  return stat === undefined ? undefined : field(stat, 'usage_usec') * 1000;
}

function memoryOfV1(read: ReadAccount): MemoryStats | undefined {
  const usage = read('memory', 'memory.usage_in_bytes');
  if (usage === undefined) return undefined;
  const stat = read('memory', 'memory.stat') ?? '';
  return memoryFrom(Number(usage), {
    inactiveFiles: field(stat, 'total_inactive_file'),
    rssBytes: field(stat, 'total_rss'),
    pageFaults: field(stat, 'total_pgfault'),
    majorPageFaults: field(stat, 'total_pgmajfault'),
  });
}

function memoryOfV2(read: ReadAccount): MemoryStats | undefined {
  const usage = read('memory', 'memory.current');
  if (usage === undefined) return undefined;
  const stat = read('memory', 'memory.stat') ?? '';
  return memoryFrom(Number(usage), {
    inactiveFiles: field(stat, 'inactive_file'),
    rssBytes: field(stat, 'anon'),
    pageFaults: field(stat, 'pgfault'),
    majorPageFaults: field(stat, 'pgmajfault'),
  });
}

function memoryFrom(
  usageBytes: number,
  { inactiveFiles, ...rest }: Omit<MemoryStats, 'usageBytes' | 'workingSetBytes'> & { inactiveFiles: number },
): MemoryStats {
  return { usageBytes, workingSetBytes: Math.max(0, usageBytes - inactiveFiles), ...rest };
}

/** The number after a name at the start of a line; 0 when there is none. */
const field = (text: string, name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
