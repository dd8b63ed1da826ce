// The kernel's own tables of this host, as text → numbers (proc(5)). Pure.
import type { InterfaceStats } from './summary-types.ts';

/** Bytes by name, of /proc/meminfo. */
export const parseMemory = (text: string): Map<string, number> =>
  new Map([...text.matchAll(/^(\S+):\s+(\d+) kB$/gm)].map((match) => [match[1] as string, Number(match[2]) * 1024]));

/** The fourth field of /proc/loadavg, `2/3518`: tasks that can run, and all tasks. */
export const parseTasks = (text: string): number => Number(/^\S+ \S+ \S+ \d+\/(\d+) /.exec(text)?.[1] ?? 0);

/** /proc/PID/net/dev, without the loopback device. */
export function parseInterfaces(text: string): InterfaceStats[] {
  return text.split('\n').flatMap((line) => {
    const [name, counters] = line.split(':');
    if (counters === undefined) return [];
    const numbers = counters.trim().split(/\s+/).map(Number);
    const [rxBytes = 0, , rxErrors = 0, , , , , , txBytes = 0, , txErrors = 0] = numbers;
    const one = { name: (name as string).trim(), rxBytes, rxErrors, txBytes, txErrors };
    return one.name === 'lo' ? [] : [one];
  });
}

/** The device of the route to everywhere, of /proc/net/route; the first one otherwise. */
export const defaultInterface = (routes: string): string | undefined =>
  routes
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .find(([, destination]) => destination === '00000000')?.[0];
