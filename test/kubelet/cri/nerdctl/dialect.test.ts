// A runtime by another program that takes nerdctl's arguments, with a few words of shell in the program's place.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { LABEL_LOG, LABEL_SANDBOX } from '../../../../src/kubelet/cri/labels.ts';
import { createDialectRuntime, type Dialect, type Followed } from '../../../../src/kubelet/cri/nerdctl/dialect.ts';
import type { DialectRuntimeOptions } from '../../../../src/kubelet/cri/nerdctl/options.ts';
import { createPodLogs } from '../../../../src/kubelet/cri/pod-logs.ts';
import { silentLogger as log } from '../../../../src/log.ts';
import { eventually } from '../../../support/eventually.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const unused = () => assert.fail('not asked for');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'dialect-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const inspected = (id: string) => ({
  Id: id,
  Created: '2026-01-01T00:00:00Z',
  State: { Status: 'created', ExitCode: 0, Error: '', StartedAt: '', FinishedAt: '' },
  LogPath: '',
  Config: { Labels: { [LABEL_SANDBOX]: 's1', [LABEL_LOG]: `/${id}.log` } },
});

test('what a program made for a server that was killed is adopted by the first list, and removed by later ones', async () => {
  let there: string[] = ['cut-short'];
  const removed: string[] = [];
  const followed = Promise.withResolvers<Followed>();
  const answer = path.join(folder, 'inspected.json');
  const dialect: Dialect = {
    name: 'program',
    cli: {
      argv: () => ['cat', answer],
      async run() {
        writeFileSync(answer, JSON.stringify(there.map(inspected)));
        return { stdout: there.join('\n'), stderr: '' };
      },
    },
    runcRoot: folder,
    ownLabel: 'mine',
    processes: {
      prepare: unused,
      start: unused,
      async remove(id) {
        removed.push(id);
        there = there.filter((one) => one !== id);
      },
      removed() {},
    },
    images: { forget() {} } as Dialect['images'],
    mountsImages: false,
    layers: {} as Dialect['layers'],
    cgroupOf: unused,
    attach: unused,
    follow(given, signal, onSubscribed) {
      followed.resolve(given);
      onSubscribed();
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    },
    versionFormat: '',
  };
  const runtime = createDialectRuntime(
    {
      program: 'program',
      dataDir: folder,
      runDir: folder,
      network: {} as DialectRuntimeOptions['network'],
      ledger: { record() {} } as unknown as DialectRuntimeOptions['ledger'],
      clock: fakeClock(),
      log,
      logs: createPodLogs(path.join(folder, 'pods')),
    },
    dialect,
  );
  const ids = async () => (await runtime.listContainers()).map(({ id }) => id);
  await runtime.start();
  try {
    assert.deepEqual(await ids(), ['cut-short'], 'the kubelet starts it anew');
    there.push('stray');
    (await followed.promise).onMissed();
    await eventually('the removal', () => removed.length > 0);
    assert.deepEqual(removed, ['stray']);
    assert.deepEqual(await ids(), ['cut-short']);
  } finally {
    await runtime.stop();
  }
});
