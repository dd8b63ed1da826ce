// The table of containers against a list that takes a while: whatever happens between its beginning and its end, nothing is
// told as running that has ended, as ended that runs, or as there that is gone.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { type ContainerTable, createContainerTable } from '../../../src/kubelet/cri/container-table.ts';
import type { ContainerState, ContainerStatus } from '../../../src/kubelet/cri/runtime.ts';
import { holds } from '../../support/property.ts';

const statusOf = (id: string, state: ContainerState): ContainerStatus => ({
  id,
  sandboxId: 's1',
  name: 'main',
  attempt: 0,
  pod: { namespace: 'default', name: 'web', uid: 'u1' },
  state,
  createdAt: 1,
  startedAt: 0,
  finishedAt: 0,
  oomKilled: false,
  image: 'busybox',
  imageId: 'sha256:1',
  logPath: '',
  labels: {},
});

const newTable = (emit: (text: string) => void = () => undefined): ContainerTable =>
  createContainerTable({
    emit: ({ type, containerId }) => emit(`${containerId} ${type}`),
    onOom() {},
    wasOomKilled: () => false,
  });

const told = (table: ContainerTable) =>
  table
    .list()
    .map(({ id, state }) => `${id} ${state}`)
    .sort();

describe('a list that takes a while', () => {
  let table: ContainerTable;
  let emitted: string[];
  beforeEach(() => {
    emitted = [];
    table = newTable((text) => emitted.push(text));
  });
  const event = (topic: string, containerId: string) => table.applyEvent({ topic, containerId, at: 5, exitCode: 3 });
  const found = (...statuses: [id: string, state: ContainerState][]) =>
    statuses.map(([id, state]) => statusOf(id, state));

  interface Case {
    name: string;
    before?: [id: string, state: ContainerState][];
    meanwhile?(): unknown;
    list: [id: string, state: ContainerState][];
    leaves: string[];
  }
  const cases: Case[] = [
    { name: 'brings what was not known', list: [['a', 'running']], leaves: ['a running'] },
    { name: 'takes what is not in it', before: [['a', 'running']], list: [], leaves: [] },
    { name: 'moves what it has further', before: [['a', 'running']], list: [['a', 'exited']], leaves: ['a exited'] },
    { name: 'moves nothing back', before: [['a', 'exited']], list: [['a', 'running']], leaves: ['a exited'] },
    {
      name: 'leaves one that was started meanwhile',
      before: [['a', 'created']],
      meanwhile: () => event('/tasks/start', 'a'),
      list: [['a', 'exited']],
      leaves: ['a running'],
    },
    {
      name: 'leaves one that was made meanwhile',
      meanwhile: () => table.add(statusOf('a', 'created')),
      list: [['a', 'exited']],
      leaves: ['a created'],
    },
    {
      name: 'does not miss one that was made after it looked',
      meanwhile: () => table.add(statusOf('a', 'created')),
      list: [],
      leaves: ['a created'],
    },
    {
      name: 'does not bring back what was removed meanwhile',
      before: [['a', 'running']],
      meanwhile: () => table.remove('a'),
      list: [['a', 'running']],
      leaves: [],
    },
    {
      name: 'does not bring what came and went meanwhile',
      meanwhile: () => {
        table.add(statusOf('a', 'running'));
        event('/containers/delete', 'a');
      },
      list: [['a', 'running']],
      leaves: [],
    },
    {
      name: 'does not bring what went before it was known',
      meanwhile: () => event('/containers/delete', 'a'),
      list: [['a', 'running']],
      leaves: [],
    },
    {
      name: 'is followed by the end of what it brings',
      meanwhile: () => event('/tasks/exit', 'a'),
      list: [['a', 'running']],
      leaves: ['a exited'],
    },
    {
      name: 'is followed by the whole life of what it brings',
      meanwhile() {
        event('/tasks/start', 'a');
        event('/tasks/exit', 'a');
      },
      list: [['a', 'created']],
      leaves: ['a exited'],
    },
    {
      name: 'says nothing of one that is being started all the while',
      before: [['a', 'created']],
      meanwhile: () => void table.during('a', () => new Promise(() => {})),
      list: [['a', 'exited']],
      leaves: ['a created'],
    },
    {
      name: 'nor of one whose start ended meanwhile',
      before: [['a', 'created']],
      meanwhile: () => table.during('a', async () => undefined),
      list: [['a', 'exited']],
      leaves: ['a created'],
    },
  ];
  for (const { name, before = [], meanwhile, list, leaves } of cases) {
    test(name, async () => {
      for (const [id, state] of before) table.add(statusOf(id, state));
      await table.resync(async () => {
        await meanwhile?.();
        return found(...list);
      });
      assert.deepEqual(told(table), leaves);
    });
  }

  test('one that fails changes nothing, and is told to the caller', async () => {
    table.add(statusOf('a', 'running'));
    await assert.rejects(
      table.resync(() => Promise.reject(new Error('no answer'))),
      { message: 'no answer' },
    );
    assert.deepEqual(told(table), ['a running']);
  });

  test('what it finds out is told once', async () => {
    table.add(statusOf('a', 'running'));
    const list = async () => found(['a', 'exited'], ['b', 'running']);
    await table.resync(list);
    await table.resync(list);
    assert.deepEqual(emitted, ['a created', 'a exited', 'b created']);
  });

  test('a start that fails is told, and lists count again', async () => {
    table.add(statusOf('a', 'created'));
    await assert.rejects(
      table.during('a', () => Promise.reject(new Error('no such program'))),
      { message: 'no such program' },
    );
    await table.resync(async () => found(['a', 'exited']));
    assert.deepEqual(told(table), ['a exited']);
  });
});

describe('the end of a process', () => {
  let table: ContainerTable;
  const event = (topic: string) => table.applyEvent({ topic, containerId: 'a', at: 5, exitCode: 137 });
  beforeEach(() => {
    table = newTable();
    table.add(statusOf('a', 'created'));
  });

  test('that was never started is none of its container, which is being taken away', () => {
    event('/tasks/exit');
    assert.deepEqual(told(table), ['a created']);
  });

  test('that was started is the end of its container', () => {
    event('/tasks/start');
    event('/tasks/exit');
    assert.deepEqual(told(table), ['a exited']);
    assert.equal(table.get('a')?.exitCode, 137);
  });

  test('leaves what is known of a start that failed', () => {
    table.advance('a', { state: 'exited', finishedAt: 4, exitCode: 128, message: 'no such program' });
    event('/tasks/exit');
    assert.equal(table.get('a')?.exitCode, 128);
  });
});

type Life = 'created' | 'starting' | 'running' | 'exited' | 'lost';

/** A runtime whose every call takes steps, that others may come between; events come late, in order. */
function world(table: ContainerTable) {
  const containers = new Map<string, { life: Life; hasStarted: boolean }>();
  const events: (() => void)[] = [];
  const gates: (() => void)[] = [];
  const working = new Set<Promise<void>>();
  let made = 0;
  const step = () => new Promise<void>((resolve) => gates.push(resolve));
  const tell = (topic: string, containerId: string) =>
    events.push(() => table.applyEvent({ topic, containerId, at: 5, exitCode: 3 }));
  const pick = (n: number, ...lives: Life[]) => {
    const fitting = [...containers].filter(([, { life }]) => lives.includes(life));
    return fitting[n % fitting.length];
  };
  const begin = (work: () => Promise<void>) => {
    const done = work().finally(() => working.delete(done));
    working.add(done);
  };
  const hasTask = (life: Life | undefined) => life === 'running' || life === 'exited';
  const stateOf = (id: string): ContainerState => {
    const life = containers.get(id)?.life;
    return life === 'running' || life === 'exited' ? life : 'created';
  };
  const busy = new Set<string>();

  const acts: Record<string, (n: number) => void> = {
    create: () =>
      begin(async () => {
        const id = `c${made++}`;
        await step();
        busy.add(id);
        containers.set(id, { life: 'created', hasStarted: false });
        await step(); // the runtime has it, and the call has not returned
        if (containers.has(id)) table.add(statusOf(id, 'created'));
        busy.delete(id);
      }),
    start(n) {
      const [id, container] = pick(n, 'created') ?? [];
      if (id === undefined || !container || busy.has(id) || !table.get(id)) return;
      busy.add(id);
      begin(() =>
        table.during(id, async () => {
          container.life = 'starting';
          await step();
          container.hasStarted = true; // it has said so, and has no task yet
          await step();
          container.life = 'running';
          tell('/tasks/start', id);
          await step();
          table.advance(id, { state: 'running' });
          busy.delete(id);
        }),
      );
    },
    exit(n) {
      const [id, container] = pick(n, 'running') ?? [];
      if (id === undefined || !container) return;
      container.life = 'exited';
      tell('/tasks/exit', id);
    },
    /** Its shim was killed with nobody there to see it. */
    lose(n) {
      const [id, container] = pick(n, 'running') ?? [];
      if (id !== undefined && container && !busy.has(id)) container.life = 'lost';
    },
    remove(n) {
      const [id] = pick(n, 'created', 'running', 'exited', 'lost') ?? [];
      if (id === undefined || busy.has(id)) return;
      busy.add(id);
      begin(() =>
        table.during(id, async () => {
          await step();
          containers.delete(id);
          tell('/containers/delete', id);
          await step();
          table.remove(id);
        }),
      );
    },
    /** By somebody else. */
    vanish(n) {
      const [id] = pick(n, 'created', 'running', 'exited', 'lost') ?? [];
      if (id === undefined || busy.has(id)) return;
      containers.delete(id);
      tell('/containers/delete', id);
    },
    deliver: () => events.shift()?.(),
    proceed: (n) => gates.splice(n % Math.max(1, gates.length), 1)[0]?.(),
    list: () => begin(() => table.resync(look)),
  };

  /** As listAllContainers looks: ids, then what each seems to be, then what is doubtful in two more looks. */
  async function look(): Promise<ContainerStatus[]> {
    const ids = [...containers.keys()];
    await step();
    const seen = ids.filter((id) => containers.has(id)).map((id) => statusOf(id, stateOf(id)));
    await step();
    const started = new Set(seen.filter(({ id }) => containers.get(id)?.hasStarted).map(({ id }) => id));
    await step();
    return seen.map((status) => {
      if (status.state !== 'created' || !started.has(status.id)) return status;
      return statusOf(status.id, hasTask(containers.get(status.id)?.life) ? stateOf(status.id) : 'exited');
    });
  }

  return {
    acts,
    truth: () => [...containers].map(([id, { life }]) => `${id} ${life === 'lost' ? 'exited' : life}`).sort(),
    lifeOf: (id: string) => containers.get(id)?.life,
    async finish() {
      while (working.size > 0 || events.length > 0) {
        for (const open of gates.splice(0)) open();
        for (const event of events.splice(0)) event();
        await settled();
      }
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const ACTS = [
  'create',
  'start',
  'exit',
  'lose',
  'remove',
  'vanish',
  'deliver',
  'proceed',
  'proceed',
  'proceed',
  'list',
];
const history = fc.array(fc.tuple(fc.constantFrom(...ACTS), fc.nat(20)), { minLength: 10, maxLength: 80 });

test('in whatever order things happen, the table says nothing untrue, and all that is true in the end', async (t) => {
  await holds(t, { runs: 300, arbitrary: history }, async (acts) => {
    const table = newTable();
    const { acts: does, truth, lifeOf, finish } = world(table);
    for (const [name, n] of acts) {
      does[name]?.(n);
      await settled();
      for (const { id, state } of table.list()) {
        const life = lifeOf(id);
        if (state === 'exited')
          assert.ok(life === undefined || life === 'exited' || life === 'lost', `${id} is ${life}`);
      }
    }
    await finish();
    const ids = (lines: string[]) => lines.map((line) => line.split(' ')[0]);
    assert.deepEqual(ids(told(table)), ids(truth()), 'events and calls tell all that came and went');
    does.list?.(0);
    await finish();
    assert.deepEqual(told(table), truth());
  });
});
