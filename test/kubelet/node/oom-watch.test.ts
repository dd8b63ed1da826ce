import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nodeReference } from '../../../src/kubelet/node/node-object.ts';
import { createOomWatch, openKernelLog } from '../../../src/kubelet/node/oom-watch.ts';

const OF_A_GROUP =
  '3,1,5,-;Memory cgroup out of memory: Killed process 5 (sh) total-vm:26852kB, UID:0 oom_score_adj:1\n';
const OF_THE_MACHINE = '3,2,6,-;Out of memory: Killed process 77 (java (main)) total-vm:9kB, UID:0 oom_score_adj:0\n';

describe('the watch over what the kernel kills', () => {
  function bed() {
    const state = { kills: 3, records: [OF_THE_MACHINE], reads: 0 };
    const told: unknown[] = [];
    const log = {
      kills: () => state.kills,
      records() {
        state.reads++;
        return state.records.splice(0);
      },
      close() {},
    };
    const events = {
      event: (object: { kind?: string; metadata: { name?: string } }, ...words: string[]) =>
        told.push([object.kind, object.metadata.name, ...words]),
    };
    const watch = createOomWatch({ log, node: nodeReference('n'), events: events as never });
    watch.check();
    return { watch, state, told };
  }

  test('tells what the machine had no memory for, and neither what was before nor what is at a limit of its own', () => {
    const { watch, state, told } = bed();
    assert.deepEqual(told, []);
    state.records.push('6,0,0,-;oom-kill:constraint=CONSTRAINT_NONE,global_oom\n', OF_A_GROUP, OF_THE_MACHINE);
    state.kills += 2;
    watch.check();
    const message = 'System OOM encountered, victim process: java (main), pid: 77';
    assert.deepEqual(told, [['Node', 'n', 'Warning', 'SystemOOM', message]]);
  });

  test("reads the kernel's log only when the kernel has killed", () => {
    const { watch, state } = bed();
    for (let i = 0; i < 3; i++) watch.check();
    assert.equal(state.reads, 1);
  });
});

test("the kernel's log is read to its end, and then what is new", (t) => {
  let log: ReturnType<typeof openKernelLog>;
  try {
    log = openKernelLog();
  } catch (error) {
    t.skip(`the kernel's log is not for this user: ${(error as Error).message}`);
    return;
  }
  assert.ok(log.records().every((record) => /^\d+,\d+,\d+,/.test(record)));
  assert.ok(log.records().length < 100, 'only what has come in the meantime');
  assert.ok(log.kills() >= 0);
  log.close();
});
