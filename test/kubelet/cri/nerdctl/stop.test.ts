// Stopping with a runc that does as it is told here: what nerdctl and a kernel cannot be made to do on demand.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createContainerTable } from '../../../../src/kubelet/cri/container-table.ts';
import { createContainers } from '../../../../src/kubelet/cri/nerdctl/containers.ts';
import { openSandboxRecords } from '../../../../src/kubelet/cri/nerdctl/records.ts';
import { createPodLogs } from '../../../../src/kubelet/cri/pod-logs.ts';
import type { ContainerStatus } from '../../../../src/kubelet/cri/runtime.ts';
import { eventually } from '../../../support/eventually.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const RUNNING: ContainerStatus = {
  id: 'c1',
  sandboxId: 's1',
  name: 'main',
  attempt: 0,
  pod: { namespace: 'default', name: 'web', uid: 'u1' },
  state: 'running',
  createdAt: 1,
  startedAt: 2,
  finishedAt: 0,
  oomKilled: false,
  image: 'busybox',
  imageId: 'sha256:1',
  logPath: '',
  labels: {},
};

describe('stopping a container', () => {
  const { PATH } = process.env;
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'stop-'));
    process.env.PATH = `${directory}:${PATH}`;
  });
  afterEach(() => {
    process.env.PATH = PATH;
    rmSync(directory, { recursive: true, force: true });
  });

  /** `onKill` is shell text that runs for SIGKILL; every call is noted in `calls`. */
  function bed(onKill: string) {
    const calls = path.join(directory, 'calls');
    const runc = path.join(directory, 'runc');
    writeFileSync(calls, '');
    writeFileSync(runc, `#!/bin/sh\necho "$@" >>${calls}\ncase "$*" in *SIGKILL*) ${onKill};; esac\n`);
    chmodSync(runc, 0o755);
    const table = createContainerTable({ emit() {}, onOom() {}, wasOomKilled: () => false });
    table.add(RUNNING);
    const clock = fakeClock();
    const unused = () => assert.fail('not asked for when stopping');
    const containers = createContainers({
      nerdctl: { argv: unused, run: unused },
      records: openSandboxRecords(path.join(directory, 'records')),
      table,
      images: { imageStatus: unused },
      clock,
      runcRoot: directory,
      processes: { prepare: unused, start: unused, remove: unused, removed: unused },
      imageMounts: { resolve: unused },
      logs: createPodLogs(path.join(directory, 'pods')),
      synced: async () => {},
    });
    return { containers, table, clock, signals: () => readFileSync(calls, 'utf8').match(/SIG[A-Z]+/g) ?? [] };
  }

  test('a SIGKILL that fails is told to the caller', async () => {
    const { containers, clock, signals } = bed('echo "cannot signal" >&2; exit 1');
    const stopping = containers.stopContainer('c1', 5);
    const told = assert.rejects(stopping, { reason: 'KillContainerError', message: /cannot signal/ });
    await eventually('the stop signal', () => signals().length === 1);
    await eventually('the kill', () => {
      clock.advance(5_000);
      return signals().length > 1;
    });
    await told;
    assert.deepEqual(signals(), ['SIGTERM', 'SIGKILL']);
  });

  test('one that comes too late is none: the exit is awaited', async () => {
    const { containers, table, clock, signals } = bed('echo "process already finished" >&2; exit 1');
    const stopping = containers.stopContainer('c1', 5);
    await eventually('the stop signal', () => signals().length === 1);
    await eventually('the kill', () => {
      clock.advance(5_000);
      return signals().length > 1;
    });
    table.advance('c1', { state: 'exited', finishedAt: 3, exitCode: 0 });
    await stopping;
  });

  test('without grace there is only SIGKILL', async () => {
    const { containers, table, signals } = bed(':');
    const stopping = containers.stopContainer('c1', 0);
    await eventually('the kill', () => signals().length === 1);
    table.advance('c1', { state: 'exited', finishedAt: 3, exitCode: 137 });
    await stopping;
    assert.deepEqual(signals(), ['SIGKILL']);
  });
});
