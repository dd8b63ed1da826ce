// /stats/summary: CPU and memory of the node and of each pod's cgroup, version 1 or 2.
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Pod } from '../../api/types/core/v1.ts';

const CGROUP = '/sys/fs/cgroup';

interface Usage {
  cpu: { time: string; usageCoreNanoSeconds: number };
  memory: { time: string; usageBytes: number; workingSetBytes: number };
}

export async function summary(at: {
  nodeName: string;
  pods: readonly Pod[];
  now: string;
  podCgroup(uid: string): string;
}) {
  const pods = await Promise.all(
    at.pods.map(async (pod) => {
      const { name = '', namespace = '', uid = '' } = pod.metadata;
      return { podRef: { name, namespace, uid }, ...(await usageOf(at.podCgroup(uid), at.now)), containers: [] };
    }),
  );
  const busy = os.cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  const used = os.totalmem() - os.freemem();
  const node = {
    nodeName: at.nodeName,
    cpu: { time: at.now, usageCoreNanoSeconds: busy * 1_000_000 },
    memory: { time: at.now, usageBytes: used, workingSetBytes: used, availableBytes: os.freemem() },
  };
  return { node, pods };
}

/** Empty for a cgroup that is not there. */
export async function usageOf(cgroup: string, now: string): Promise<Usage | object> {
  const read = (...parts: string[]) => readFile(path.join(CGROUP, ...parts), 'utf8').catch(() => undefined);
  const [cpu2, memory2, stat2] = await Promise.all(
    ['cpu.stat', 'memory.current', 'memory.stat'].map((file) => read(cgroup, file)),
  );
  if (cpu2 !== undefined && memory2 !== undefined) {
    const usage = Number(memory2);
    const inactive = Number(/^inactive_file (\d+)/m.exec(stat2 ?? '')?.[1] ?? 0);
    return usageFrom(Number(/^usage_usec (\d+)/m.exec(cpu2)?.[1] ?? 0) * 1000, { usage, inactive, now });
  }
  const [cpu1, memory1, stat1] = await Promise.all([
    read('cpuacct', cgroup, 'cpuacct.usage'),
    read('memory', cgroup, 'memory.usage_in_bytes'),
    read('memory', cgroup, 'memory.stat'),
  ]);
  if (cpu1 === undefined || memory1 === undefined) return {};
  const inactive = Number(/^total_inactive_file (\d+)/m.exec(stat1 ?? '')?.[1] ?? 0);
  return usageFrom(Number(cpu1), { usage: Number(memory1), inactive, now });
}

const usageFrom = (nanos: number, at: { usage: number; inactive: number; now: string }): Usage => ({
  cpu: { time: at.now, usageCoreNanoSeconds: nanos },
  memory: { time: at.now, usageBytes: at.usage, workingSetBytes: Math.max(0, at.usage - at.inactive) },
});
