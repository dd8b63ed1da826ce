import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { silentLogger } from '../../src/log.ts';
import { createCniNetwork, pluginConfig } from '../../src/network/cni.ts';
import { defaultConflist, parseConflist, readConflist } from '../../src/network/conflist.ts';
import type { HostLedger } from '../../src/network/host-ledger.ts';
import type { NetworkAttachment } from '../../src/network/pod-network.ts';

const attachment: NetworkAttachment = {
  sandboxId: 's1',
  pod: { namespace: 'default', name: 'web', uid: 'u1' },
  netns: '/proc/self/ns/net',
  portMappings: [{ protocol: 'TCP', containerPort: 80, hostPort: 8080 }],
};

const ledger: HostLedger = { record() {}, forget() {}, list: () => [], undoAll: async () => [] };

describe('a CNI network list', () => {
  test('the default is bridge with host-local addresses, then portmap', () => {
    const list = defaultConflist({ podCIDR: '10.42.0.0/24', dataDir: '/d' });
    assert.deepEqual(
      list.plugins.map((p) => p.type),
      ['bridge', 'portmap'],
    );
    assert.deepEqual(list.plugins[0]?.ipam, {
      type: 'host-local',
      ranges: [[{ subnet: '10.42.0.0/24' }]],
      routes: [{ dst: '0.0.0.0/0' }],
      dataDir: '/d/ipam',
    });
  });

  const malformed: [string, string, RegExp][] = [
    ['not JSON', '{', /CNI configuration \/c\/x\.conflist: not JSON/],
    ['not an object', '[]', /x\.conflist: not an object/],
    ['no name', '{"cniVersion":"1.0.0","plugins":[{"type":"a"}]}', /"name" is missing/],
    ['no version', '{"name":"n","plugins":[{"type":"a"}]}', /"cniVersion" is missing/],
    ['no plugin', '{"name":"n","cniVersion":"1.0.0","plugins":[]}', /"plugins" has no plugin/],
    ['a plugin that is a path', '{"name":"n","cniVersion":"1.0.0","plugins":[{"type":"../sh"}]}', /plugins\[0\]/],
  ];
  for (const [name, text, message] of malformed) {
    test(`${name} is one sentence with the file's name`, () => {
      assert.throws(() => parseConflist(text, '/c/x.conflist'), message);
    });
  }

  test('a folder that is absent has none', () => assert.equal(readConflist('/nonexistent/net.d'), undefined));

  test('a plugin gets name, version, its capability and the result before it', () => {
    const list = defaultConflist({ podCIDR: '10.42.0.0/24', dataDir: '/d' });
    const config = pluginConfig(list, list.plugins[1]!, { attachment, prevResult: { ips: [] } });
    assert.deepEqual(config, {
      type: 'portmap',
      name: 'tsukube',
      cniVersion: '1.0.0',
      runtimeConfig: { portMappings: [{ protocol: 'tcp', containerPort: 80, hostPort: 8080 }] },
      prevResult: { ips: [] },
    });
  });
});

describe('plugins', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'cni-'));
    for (const folder of ['bin', 'net.d', 'run']) mkdirSync(path.join(directory, folder));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** A plugin that writes down how it was called, then runs `body`. */
  const plugin = (name: string, body: string) => {
    const file = path.join(directory, 'bin', name);
    writeFileSync(
      file,
      `#!/bin/sh\ninput=$(cat)\necho "$CNI_COMMAND ${name} $CNI_IFNAME $CNI_CONTAINERID $CNI_NETNS $input" >>${directory}/calls\n${body}\n`,
    );
    chmodSync(file, 0o755);
  };
  const calls = () => readFileSync(path.join(directory, 'calls'), 'utf8').trim().split('\n');
  const network = async (plugins = ['first', 'second']) => {
    writeFileSync(
      path.join(directory, 'net.d', '10-test.conflist'),
      JSON.stringify({ cniVersion: '1.0.0', name: 'test', plugins: plugins.map((type) => ({ type })) }),
    );
    const made = createCniNetwork({
      binDirs: [path.join(directory, 'absent'), path.join(directory, 'bin')],
      confDir: path.join(directory, 'net.d'),
      podCIDR: '10.42.0.0/24',
      runDir: path.join(directory, 'run'),
      ledger,
      log: silentLogger,
    });
    await made.start();
    return made;
  };
  const RESULT = `echo '{"cniVersion":"1.0.0","ips":[{"address":"10.42.0.7/24"}]}'`;

  test('ADD chains the result and gives the address; DEL runs in reverse with the cached result', async () => {
    plugin('first', RESULT);
    plugin('second', RESULT);
    const made = await network();
    assert.deepEqual(await made.attach(attachment), { ips: ['10.42.0.7'] });
    await made.detach(attachment);
    const seen = calls();
    assert.deepEqual(
      seen.map((line) => line.split(' ').slice(0, 5).join(' ')),
      ['ADD first', 'ADD second', 'DEL second', 'DEL first'].map((call) => `${call} eth0 s1 /proc/self/ns/net`),
    );
    assert.deepEqual(
      seen.map((line) => line.includes('"prevResult":{"cniVersion":"1.0.0","ips"')),
      [false, true, true, true],
    );
    assert.deepEqual(readdirSync(path.join(directory, 'run', 'cni', 'results')), []);
  });

  test('what is left of a namespace that is gone is given back without one', async () => {
    plugin('first', RESULT);
    plugin('second', RESULT);
    const made = await network();
    const file = path.join(directory, 'net');
    writeFileSync(file, ''); // nothing was mounted onto it, or a reboot came
    for (const netns of [file, path.join(directory, 'none')]) await made.detach({ ...attachment, netns });
    assert.deepEqual(
      calls().map((line) => line.split(' ').slice(0, 5).join(' ')),
      ['DEL second', 'DEL first', 'DEL second', 'DEL first'].map((call) => `${call} eth0 s1 `),
    );
  });

  test("a plugin's error is told in its own words, after a DEL", async () => {
    plugin('first', RESULT);
    plugin(
      'second',
      `[ "$CNI_COMMAND" = DEL ] || { echo '{"code":7,"msg":"no addresses","details":"range full"}'; exit 1; }`,
    );
    const made = await network();
    await assert.rejects(made.attach(attachment), {
      name: 'CniError',
      code: 7,
      plugin: 'second',
      message: 'CNI plugin second: no addresses: range full',
    });
    assert.deepEqual(
      calls().map((line) => line.split(' ').slice(0, 2).join(' ')),
      ['ADD first', 'ADD second', 'DEL second', 'DEL first'],
    );
  });

  test('portmap is called for pods with host ports only', async () => {
    plugin('first', RESULT);
    plugin('portmap', RESULT);
    const made = await network(['first', 'portmap']);
    const without = { ...attachment, sandboxId: 's2', portMappings: [] };
    for (const pod of [attachment, without]) {
      await made.attach(pod);
      await made.detach(pod);
    }
    assert.deepEqual(
      calls().map((line) => line.split(' ').slice(0, 4).join(' ')),
      [
        'ADD first eth0 s1',
        'ADD portmap eth0 s1',
        'DEL portmap eth0 s1',
        'DEL first eth0 s1',
        'ADD first eth0 s2',
        'DEL first eth0 s2',
      ],
    );
  });

  test('a plugin that is not installed is named with the folders that were searched', async () => {
    plugin('first', RESULT);
    const made = await network();
    await assert.rejects(made.attach(attachment), {
      message: /CNI plugin second: not found in .*absent, .*bin; install/,
    });
  });
});
