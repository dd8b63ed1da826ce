// The list of all containers, with a nerdctl that says what it is told to here.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { TaskState } from '../../../../src/kubelet/cri/containerd/tasks.ts';
import { listAllContainers } from '../../../../src/kubelet/cri/nerdctl/list-containers.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

describe('listing all containers', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'list-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** `started`: the container's hook has written that it was. */
  function inspected(id: string, { status = '', started = false }: { status?: string; started?: boolean } = {}) {
    const stateDir = path.join(directory, id);
    mkdirSync(stateDir);
    if (started) writeFileSync(path.join(stateDir, 'lifecycle.json'), '{"started_at":"2026-01-01T00:00:01Z"}');
    return {
      Id: id,
      Created: '2026-01-01T00:00:00Z',
      State: { Status: status, ExitCode: 0, Error: '', StartedAt: '', FinishedAt: '' },
      LogPath: '',
      Config: { Labels: { 'io.tsukube/sandbox': 's1', 'nerdctl/state-dir': stateDir } },
    };
  }

  /** `missing`: there when they were listed, and gone when they are looked at. */
  async function list(
    containers: readonly ReturnType<typeof inspected>[],
    state: (id: string) => Promise<TaskState | undefined>,
    missing: readonly string[] = [],
  ): Promise<string[]> {
    const answer = path.join(directory, 'inspect.json');
    writeFileSync(answer, `${JSON.stringify(containers, undefined, 4)}\n`);
    const asked: string[] = [];
    const ids = [...missing, ...containers.map(({ Id }) => Id)];
    const nerdctl = {
      argv: (args: readonly string[]) => {
        const gone = missing.filter((id) => args.includes(id));
        if (gone.length === 0) return ['cat', answer];
        const errors = gone.map((id) => `no such object ${id}`).join(' ');
        return ['sh', '-c', `echo 'level=warning msg="runs"'; echo 'level=fatal msg="1 errors: [${errors}]"'; exit 1`];
      },
      run: async () => ({ stdout: ids.map((id) => `${id}\n`).join(''), stderr: '' }),
    };
    const tasks = {
      state(id: string) {
        asked.push(id);
        return state(id);
      },
    };
    const listed = await listAllContainers(nerdctl, {
      tasks,
      clock: fakeClock(),
      recordedExit: ({ id }) => (id === 'known' ? { exitCode: 3, finishedAt: 7 } : undefined),
    });
    return [
      ...listed.map((one) => `${one.id} ${one.state} ${one.exitCode ?? '-'}`),
      ...asked.sort().map((id) => `asked ${id}`),
    ];
  }

  test('asks again only about those that started and seem to have no task', async () => {
    const containers = [
      inspected('never'),
      inspected('runs', { status: 'running', started: true }),
      inspected('lost', { started: true }),
      inspected('known', { started: true }),
    ];
    assert.deepEqual(await list(containers, async () => undefined), [
      'never created -',
      'runs running -',
      'lost exited 255',
      'known exited 3',
      'asked known',
      'asked lost',
    ]);
  });

  test('one that nerdctl could not look at is what containerd says', async () => {
    const running = async (): Promise<TaskState> => ({ status: 'RUNNING', exitCode: 0, exitedAt: 0 });
    assert.deepEqual(await list([inspected('runs', { started: true })], running), ['runs running -', 'asked runs']);
  });

  test('a containerd that does not answer ends the list: nothing is guessed', async () => {
    const silent = () => Promise.reject(new Error('no answer'));
    await assert.rejects(list([inspected('runs', { started: true })], silent), { message: 'no answer' });
  });

  test('one that was removed meanwhile takes no other with it', async () => {
    const unasked = () => assert.fail('nothing is doubtful');
    const containers = [inspected('runs', { status: 'running' })];
    assert.deepEqual(await list(containers, unasked, ['gone', 'gone2']), ['runs running -']);
    assert.deepEqual(await list([], unasked, ['gone']), []);
  });
});
