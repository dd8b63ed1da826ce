import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createLogRotation, type LogRotation } from '../../../src/kubelet/logs/log-rotation.ts';
import { silentLogger } from '../../../src/log.ts';
import { eventually } from '../../support/eventually.ts';
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts';

const LIMITS = { maxBytes: 10, maxFiles: 3 };
const FULL = 'a full log\n';

describe('the log of a container that the runtime writes', () => {
  let folder: string;
  let file: string;
  let clock: FakeClock;
  let reopened: number;
  let reopen: () => void;
  let rotation: LogRotation;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'rotation-'));
    file = path.join(folder, '0.log');
    writeFileSync(file, '');
    clock = fakeClock();
    reopened = 0;
    reopen = () => writeFileSync(file, '');
    rotation = createLogRotation({
      limits: LIMITS,
      reopen: async () => {
        reopened += 1;
        reopen();
      },
      clock,
      log: silentLogger,
    });
    rotation.keep({ id: 'c1', logPath: file });
  });
  afterEach(() => {
    rotation.close();
    rmSync(folder, { recursive: true });
  });
  const second = () => clock.advance(1_000);
  /** The file system's notice comes when it comes. */
  const noticed = (what: string, test: () => boolean) =>
    eventually(what, async () => {
      await second();
      return test();
    });

  test('is put aside when it is full, and as many are kept as there may be', async () => {
    for (let round = 1; round <= 4; round++) {
      appendFileSync(file, `${FULL}${round}`);
      await noticed(`rotation ${round}`, () => reopened === round);
    }
    assert.deepEqual(readdirSync(folder).toSorted(), ['0.log', '0.log.1', '0.log.2']);
    assert.equal(readFileSync(`${file}.1`, 'utf8'), `${FULL}4`);
    assert.equal(readFileSync(`${file}.2`, 'utf8'), `${FULL}3`);
  });

  test('is left alone while it is small', async () => {
    await second();
    appendFileSync(file, 'short');
    await second();
    await second();
    assert.deepEqual([reopened, readdirSync(folder)], [0, ['0.log']]);
  });

  test('stays in place when the runtime does not open another, which is tried again', async () => {
    reopen = () => {
      throw new Error('the runtime hangs');
    };
    appendFileSync(file, FULL);
    await second();
    assert.deepEqual([reopened, readFileSync(file, 'utf8')], [1, FULL]);
    reopen = () => writeFileSync(file, '');
    await clock.advance(10_000);
    assert.deepEqual([reopened, readFileSync(`${file}.1`, 'utf8')], [2, FULL]);
  });

  test('is there again when somebody has removed it', async () => {
    rmSync(file);
    await second();
    assert.deepEqual([reopened, existsSync(file)], [1, true]);
  });

  test('is no longer looked at once its container has ended', async () => {
    rotation.forget('c1');
    appendFileSync(file, FULL);
    await clock.advance(60_000);
    assert.equal(reopened, 0);
  });
});
