// What is remembered of the ends of containers, which outlives the server.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { forgetEnd, openSandboxRecords, recordEnd, recordedEnd } from '../../../../src/kubelet/cri/nerdctl/records.ts';
import type { SandboxConfig } from '../../../../src/kubelet/cri/runtime.ts';

describe('the end of a container', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'records-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function opened() {
    const records = openSandboxRecords(directory);
    const pod = { namespace: 'default', name: 'web', uid: 'u1' };
    const config = { pod } as SandboxConfig;
    records.put({ id: 's1', pod, state: 'ready', createdAt: 0, ips: [], attempt: 0, cgroup: '/pod', config });
    return records;
  }
  const container = { id: 'c1', sandboxId: 's1' };
  const exit = { exitCode: 3, finishedAt: 7 };

  test('is there after a restart of the server, with all that was learned of it; what came first counts', () => {
    const records = opened();
    recordEnd(records, container, { oomKilled: true });
    recordEnd(records, container, { exit });
    recordEnd(records, container, { exit: { exitCode: 255, finishedAt: 9 } });
    assert.deepEqual(recordedEnd(openSandboxRecords(directory), container), { oomKilled: true, exit });
  });

  test('goes with the container, and that of no sandbox is nothing', () => {
    const records = opened();
    recordEnd(records, container, { exit });
    forgetEnd(records, container);
    assert.deepEqual(recordedEnd(openSandboxRecords(directory), container), {});
    recordEnd(records, { id: 'c2', sandboxId: 'none' }, { exit });
    assert.deepEqual(recordedEnd(records, { id: 'c2', sandboxId: 'none' }), {});
  });
});
