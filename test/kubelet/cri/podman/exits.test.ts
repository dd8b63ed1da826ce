// What the files that conmon writes are understood as.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { ContainerdEvent } from '../../../../src/kubelet/cri/containerd/events.ts';
import { followExits } from '../../../../src/kubelet/cri/podman/exits.ts';
import { eventually } from '../../../support/eventually.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

describe('the ends of containers, as conmon tells them', () => {
  const id = 'a'.repeat(64);
  let directory: string;
  let events: Pick<ContainerdEvent, 'topic' | 'exitCode'>[];
  let missed: number;
  let stop: AbortController;
  let following: Promise<void>;
  const exits = () => path.join(directory, 'exits');
  const container = (one: string) => path.join(directory, one);

  beforeEach(async () => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'exits-'));
    events = [];
    missed = 0;
    stop = new AbortController();
    const folders = { exits: exits(), container };
    const onEvent = ({ topic, exitCode, containerId }: ContainerdEvent) => {
      assert.equal(containerId, id);
      events.push({ topic, ...(exitCode === undefined ? {} : { exitCode }) });
    };
    const onMissed = () => {
      missed += 1;
    };
    await new Promise<void>((subscribed) => {
      following = followExits({ folders, clock: fakeClock(), onEvent, onMissed }, stop.signal, subscribed);
    });
  });
  afterEach(async () => {
    stop.abort();
    await following;
    rmSync(directory, { recursive: true, force: true });
  });

  test('a file with an exit code is an end', async () => {
    writeFileSync(path.join(exits(), '.unfinished'), '');
    writeFileSync(path.join(exits(), id), '3');
    await eventually('the end', () => events.length > 0);
    assert.deepEqual(events[0], { topic: '/tasks/exit', exitCode: 3 });
  });

  test('with the note of an OOM beside it the kill is told first', async () => {
    mkdirSync(container(id));
    writeFileSync(path.join(container(id), 'oom'), '');
    writeFileSync(path.join(exits(), id), '137');
    await eventually('the end', () => events.length > 1);
    assert.deepEqual(events.slice(0, 2), [{ topic: '/tasks/oom' }, { topic: '/tasks/exit', exitCode: 137 }]);
  });

  test('a file that is gone already is told as missed', async () => {
    symlinkSync('gone', path.join(exits(), id));
    await eventually('the miss', () => missed > 0);
    assert.deepEqual(events, []);
  });
});
