import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createLedger } from '../../src/network/host-ledger.ts';
import { pinNamespaces, unmount, unpinNamespaces } from '../../src/network/netns.ts';

const asRoot = process.getuid?.() === 0 ? false : 'needs root';

describe('the ledger of host changes', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'ledger-'));
    file = path.join(directory, 'ledger.json');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('what was recorded is there after a restart, once, with the first value it replaced', () => {
    const ledger = createLedger(file);
    ledger.record({ kind: 'sysctl', name: 'net.ipv4.ip_forward', previous: '0' });
    ledger.record({ kind: 'sysctl', name: 'net.ipv4.ip_forward', previous: '1' });
    ledger.record({ kind: 'link', name: 'x0' });
    ledger.forget({ kind: 'link', name: 'x0' });
    assert.deepEqual(createLedger(file).list(), [{ kind: 'sysctl', name: 'net.ipv4.ip_forward', previous: '0' }]);
  });

  test('a file that is not a ledger is an error that names it, and stays as it is', () => {
    writeFileSync(file, '{"not": "a list"}');
    assert.throws(() => createLedger(file), new RegExp(`${file} is not a list of host changes`));
    assert.equal(readFileSync(file, 'utf8'), '{"not": "a list"}');
  });

  test('undoing files removes them; what is gone already counts as undone', async () => {
    const ledger = createLedger(file);
    mkdirSync(path.join(directory, 'made', 'deep'), { recursive: true });
    ledger.record({ kind: 'file', path: path.join(directory, 'made') });
    ledger.record({ kind: 'file', path: path.join(directory, 'never') });
    assert.deepEqual(await ledger.undoAll(), []);
    assert.ok(!existsSync(path.join(directory, 'made')));
    assert.deepEqual(ledger.list(), []);
  });

  test('a folder that others use goes only as far as it is empty', async () => {
    const ledger = createLedger(file);
    const shared = path.join(directory, 'shared');
    mkdirSync(path.join(shared, 'ours', 'deep'), { recursive: true });
    mkdirSync(path.join(shared, 'theirs'));
    writeFileSync(path.join(shared, 'theirs', 'file'), '');
    ledger.record({ kind: 'empty-folder', path: shared });
    assert.deepEqual(await ledger.undoAll(), []);
    assert.ok(!existsSync(path.join(shared, 'ours')));
    assert.ok(existsSync(path.join(shared, 'theirs', 'file')));
  });

  test('links, chains, rules and namespaces are undone, newest first', { skip: asRoot }, async () => {
    const name = `tl${process.pid}`;
    const chain = `TSK-TEST-${process.pid}`;
    const netns = path.join(directory, 'ns', 'net');
    const ledger = createLedger(file);
    ledger.record({ kind: 'mounts-below', path: directory });
    ledger.record({ kind: 'link', name });
    ledger.record({ kind: 'iptables-chain', table: 'filter', chain });
    ledger.record({ kind: 'iptables-rule', table: 'filter', chain: 'FORWARD', rule: ['-j', chain] });
    try {
      execFileSync('ip', ['link', 'add', name, 'type', 'bridge']);
      execFileSync('iptables', ['-w', '5', '-N', chain]);
      execFileSync('iptables', ['-w', '5', '-A', 'FORWARD', '-j', chain]);
      await pinNamespaces({ net: netns });
      assert.match(readFileSync('/proc/self/mounts', 'utf8'), new RegExp(`nsfs ${netns} `));
    } finally {
      assert.deepEqual(await ledger.undoAll(), []);
    }
    assert.ok(!existsSync(`/sys/class/net/${name}`));
    assert.ok(!execFileSync('iptables-save', { encoding: 'utf8' }).includes(chain));
    assert.ok(!readFileSync('/proc/self/mounts', 'utf8').includes(directory));
    assert.deepEqual(await ledger.undoAll(), [], 'undoing nothing is fine');
  });

  test('what cannot be undone is reported and stays recorded', { skip: asRoot }, async () => {
    const ledger = createLedger(file);
    ledger.record({ kind: 'sysctl', name: 'net.no.such.setting', previous: '1' });
    const [remaining] = await ledger.undoAll();
    assert.match(remaining?.reason ?? '', /ENOENT/);
    assert.equal(ledger.list().length, 1);
  });

  test('a pinned namespace exists without a process, and unpinning twice is fine', { skip: asRoot }, async () => {
    const pins = { net: path.join(directory, 'a', 'net'), ipc: path.join(directory, 'a', 'ipc') };
    const shm = path.join(directory, 'shm');
    mkdirSync(shm);
    await pinNamespaces(pins, shm);
    try {
      assert.match(
        readFileSync('/proc/self/mounts', 'utf8'),
        new RegExp(`^shm ${shm} tmpfs rw,nosuid,nodev,noexec,`, 'm'),
      );
      const inside = execFileSync('nsenter', [`--net=${pins.net}`, 'ip', '-o', 'link'], { encoding: 'utf8' });
      assert.match(inside.trim(), /^1: lo: <LOOPBACK,UP,[^\n]*$/);
    } finally {
      await unpinNamespaces(pins);
      await unpinNamespaces(pins);
      await unmount(shm, shm);
    }
    assert.ok(!existsSync(pins.net));
  });
});
