// What the kubelet looks at again and again because nothing tells it: room on disks, processes, memory in use. Only
// while somebody could use them up: a node on which no pod runs does nothing.
import type { Clock, Timer } from '../../clock.ts';
import type { Component } from '../../lifecycle.ts';
import type { Logger } from '../../log.ts';

export interface Chore {
  name: string;
  everyMs: number;
  run(): Promise<void>;
}

export interface Housekeeping extends Component {
  /** Something begins that will need it: chores that rest are taken up again. */
  wake(): void;
  /** Does one chore now, whatever its time. */
  now(name: string): void;
}

export function createHousekeeping(options: {
  clock: Clock;
  log: Logger;
  chores: readonly Chore[];
  isNeeded(): boolean;
}): Housekeeping {
  const { clock, log } = options;
  const timers = new Map<string, Timer>();
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>();
  /** Told once, until they succeed again. */
  const failing = new Set<string>();
  let stopped = true;

  function arm(chore: Chore): void {
    if (stopped || timers.has(chore.name) || running.has(chore.name)) return;
    timers.set(
      chore.name,
      clock.after(chore.everyMs, () => run(chore)),
    );
  }

  function run(chore: Chore): void {
    timers.get(chore.name)?.cancel();
    timers.delete(chore.name);
    if (stopped) return;
    if (running.has(chore.name)) return void again.add(chore.name);
    const work = chore
      .run()
      .then(
        () => void failing.delete(chore.name),
        (error: unknown) => {
          if (!stopped && !failing.has(chore.name)) log.warn({ err: error }, `${chore.name} failed, trying again`);
          failing.add(chore.name);
        },
      )
      .finally(() => {
        running.delete(chore.name);
        if (again.delete(chore.name)) run(chore);
        else if (options.isNeeded()) arm(chore);
      });
    running.set(chore.name, work);
  }

  return {
    name: 'housekeeping',
    async start() {
      stopped = false;
      if (options.isNeeded()) for (const chore of options.chores) arm(chore);
    },
    async stop() {
      stopped = true;
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
      await Promise.all(running.values());
    },
    wake() {
      for (const chore of options.chores) arm(chore);
    },
    now(name) {
      const chore = options.chores.find((one) => one.name === name);
      if (chore) run(chore);
    },
  };
}
