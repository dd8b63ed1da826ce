// logind over systemd's programs, which are scripts here: a shutdown of the machine cannot be tried.
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createLogindSource } from '../../../src/kubelet/shutdown/logind.ts';
import { silentLogger } from '../../../src/log.ts';
import type { HostChange } from '../../../src/network/host-ledger.ts';
import { eventually } from '../../support/eventually.ts';

describe('shutdowns told by logind', () => {
  const { PATH } = process.env;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'logind-'));
    process.env.PATH = `${folder}:${PATH}`;
    writeFileSync(path.join(folder, 'signals'), '');
    writeFileSync(path.join(folder, 'delay'), 't 5000000\n');
    script(
      'busctl',
      `case $1 in get-property) cat ${folder}/delay;; monitor) exec tail -n +1 -f ${folder}/signals;; esac`,
    );
    script(
      'systemd-inhibit',
      `echo taken >>${folder}/locks; trap 'echo released >>${folder}/locks; exit' TERM; sleep 60 & wait`,
    );
    script('systemctl', `echo "$@" >>${folder}/calls; echo "t 30000000" >${folder}/delay`);
  });
  afterEach(() => {
    process.env.PATH = PATH;
    rmSync(folder, { recursive: true, force: true });
  });

  const script = (name: string, text: string) => {
    writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(path.join(folder, name), 0o755);
  };
  const locks = () => {
    const file = path.join(folder, 'locks');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  };
  const tell = (isActive: boolean) => {
    const message = { type: 'signal', member: 'PrepareForShutdown', payload: { type: 'b', data: [isActive] } };
    appendFileSync(
      path.join(folder, 'signals'),
      `${JSON.stringify({ member: 'Other' })}\n${JSON.stringify(message)}\n`,
    );
  };
  const source = (graceMs: number, ledger: HostChange[] = []) =>
    createLogindSource({
      graceMs,
      log: silentLogger,
      ledger: { record: (change) => void ledger.push(change) },
      confDir: path.join(folder, 'conf.d'),
    });

  test('the machine waits until everything has ended, and for the next time again when it stays', async () => {
    const calls: string[] = [];
    const over = Promise.withResolvers<void>();
    const one = source(5000);
    await one.start({
      begin: async () => {
        calls.push('begin');
        await over.promise;
      },
      cancel: () => calls.push('cancel'),
    });
    try {
      await eventually('the lock', () => locks().length === 1);
      tell(true);
      await eventually('the beginning', () => calls.length === 1);
      assert.deepEqual(locks(), ['taken']);
      over.resolve();
      await eventually('the release', () => locks().length === 2);
      tell(false);
      await eventually('a new lock', () => locks().length === 3);
      assert.deepEqual(
        [calls, locks()],
        [
          ['begin', 'cancel'],
          ['taken', 'released', 'taken'],
        ],
      );
      assert.equal(existsSync(path.join(folder, 'calls')), false, 'logind waits long enough');
    } finally {
      await one.stop();
    }
    await eventually('the end of the lock', () => locks().at(-1) === 'released');
  });

  test('logind is told to wait longer, and what was written for that is recorded', async () => {
    const ledger: HostChange[] = [];
    const one = source(20_000, ledger);
    await one.start({ begin: async () => undefined, cancel() {} });
    await one.stop();
    const file = path.join(folder, 'conf.d/99-tsukube.conf');
    assert.match(readFileSync(file, 'utf8'), /^\[Login\]\nInhibitDelayMaxSec=20$/m);
    assert.deepEqual(ledger, [{ kind: 'file', path: file }]);
    assert.equal(readFileSync(path.join(folder, 'calls'), 'utf8'), 'kill --signal=HUP systemd-logind.service\n');
  });

  test('a logind that does not wait long enough, or is not there, is an error that says so', async () => {
    const start = (graceMs: number) => source(graceMs).start({ begin: async () => undefined, cancel() {} });
    await assert.rejects(start(60_000), /logind waits 30 s at most, and --shutdown-grace-period is 60 s/);
    script('busctl', 'echo "System has not been booted with systemd" >&2; exit 1');
    await assert.rejects(start(1000), /not been booted with systemd/);
  });
});
