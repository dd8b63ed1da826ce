// Each component, its health and its cost, for `tsukube status`.
import type { Clock } from '../clock.ts';

export interface ComponentStatus {
  name: string;
  state: 'starting' | 'running' | 'failed';
  /** Milliseconds from its start to its being ready. */
  startMs?: number;
  message?: string;
  /** What it asked of the API so far. */
  requests: number;
}

export interface ProcessStatus {
  pid: number;
  uptimeSeconds: number;
  /** Share of one core since start, and memory now. */
  cpuPercent: number;
  residentBytes: number;
  components: ComponentStatus[];
}

export interface StatusBoard {
  /** Follows the start of a component; passes its outcome on. */
  track<T>(name: string, starting: Promise<T>): Promise<T>;
  countRequest(component: string): void;
  report(): Promise<ProcessStatus>;
}

export function createStatusBoard(clock: Clock): StatusBoard {
  const begin = clock.monotonic();
  const components = new Map<string, Omit<ComponentStatus, 'requests'>>();
  const requests = new Map<string, number>();
  return {
    async track(name, starting) {
      const from = clock.monotonic();
      components.set(name, { name, state: 'starting' });
      try {
        const value = await starting;
        components.set(name, { name, state: 'running', startMs: Math.round(clock.monotonic() - from) });
        return value;
      } catch (error) {
        components.set(name, { name, state: 'failed', message: (error as Error).message });
        throw error;
      }
    },
    countRequest(component) {
      requests.set(component, (requests.get(component) ?? 0) + 1);
    },
    async report() {
      const { user, system } = process.cpuUsage();
      const uptime = clock.monotonic() - begin;
      return {
        pid: process.pid,
        uptimeSeconds: Math.round(uptime / 1000),
        cpuPercent: Math.round(((user + system) / 1000 / uptime) * 1000) / 10,
        residentBytes: process.memoryUsage.rss(),
        components: [...components.values()].map((c) => ({ ...c, requests: requests.get(c.name) ?? 0 })),
      };
    },
  };
}
