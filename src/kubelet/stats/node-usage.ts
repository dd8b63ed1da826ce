// How much of this machine is used, read when somebody asks: files of the kernel and statfs, which cost next to nothing.
import { readFileSync } from 'node:fs';
import { type FilesystemRoom, roomOf } from './disk-usage.ts';
import { parseMemory, parseTasks } from './proc.ts';

export interface NodeUsage {
  /** Milliseconds since the epoch. */
  at: number;
  memory: { capacityBytes: number; usageBytes: number; workingSetBytes: number; availableBytes: number };
  processes: { max: number; running: number };
  /** Where the kubelet keeps pods, logs and volumes. */
  nodeFs: FilesystemRoom;
  /** Where images and writable layers are. */
  imageFs: FilesystemRoom;
}

/** Reads a file of the kernel; the host's own by default. */
export type ReadKernel = (file: string) => string;
export const readKernel: ReadKernel = (file) => readFileSync(file, 'utf8');

export async function nodeUsage(at: {
  now: number;
  nodeDir: string;
  imageDir: string;
  read?: ReadKernel;
}): Promise<NodeUsage> {
  const read = at.read ?? readKernel;
  const [nodeFs, imageFs] = await Promise.all([roomOf(at.nodeDir), roomOf(at.imageDir)]);
  return { at: at.now, memory: memoryOf(read), processes: processesOf(read), nodeFs, imageFs };
}

/** The working set as upstream's: what is used without files that are not in use (cgroups fs2, rootStatsFromMeminfo). */
function memoryOf(read: ReadKernel): NodeUsage['memory'] {
  const memory = parseMemory(read('/proc/meminfo'));
  const of = (name: string) => memory.get(name) ?? 0;
  const capacityBytes = of('MemTotal');
  const usageBytes = capacityBytes - of('MemFree');
  const workingSetBytes = Math.max(0, usageBytes - of('Inactive(file)'));
  return { capacityBytes, usageBytes, workingSetBytes, availableBytes: capacityBytes - workingSetBytes };
}

/** stats/pidlimit: tasks, and the least of what the kernel allows. */
export function processesOf(read: ReadKernel): NodeUsage['processes'] {
  const limits = ['/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max'].map((file) => Number(read(file)));
  return { max: Math.min(...limits), running: parseTasks(read('/proc/loadavg')) };
}
