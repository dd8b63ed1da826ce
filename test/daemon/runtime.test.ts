// Which runtime the settings choose, and that a data directory stays with the one that runs its pods.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { checkHost } from '../../src/daemon/check.ts';
import { loadConfig } from '../../src/daemon/config.ts';
import { criPlugin } from '../../src/daemon/cri.ts';
import { runtimePlace } from '../../src/daemon/runtime-place.ts';
import { forgetRuntime, recordedRuntime, recordRuntime } from '../../src/daemon/runtime-record.ts';

describe('the container runtime', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'rt-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const config = (flags: Record<string, string> = {}) =>
    loadConfig({ flags: { 'data-dir': `${directory}/data`, 'run-dir': `${directory}/run`, ...flags }, env: {} });

  test('is nerdctl over our own containerd, or its CRI, or another at an endpoint', () => {
    const own = `${directory}/run/containerd/containerd.sock`;
    assert.deepEqual(runtimePlace(config()), { driver: 'nerdctl', socket: own, isOwn: true });
    assert.deepEqual(runtimePlace(config({ 'container-runtime': 'cri' })), { driver: 'cri', socket: own, isOwn: true });
    for (const driver of ['podman', 'docker']) {
      assert.deepEqual(runtimePlace(config({ 'container-runtime': driver })), { driver, socket: '', isOwn: false });
      assert.throws(() => runtimePlace(config({ 'container-runtime': driver, containerd: '/run/c.sock' })), {
        name: 'ConfigError',
        message: `${driver} uses no containerd of yours: leave out --containerd, or --container-runtime`,
      });
    }
    assert.deepEqual(runtimePlace(config({ containerd: '/run/c.sock' })), {
      driver: 'nerdctl',
      socket: '/run/c.sock',
      isOwn: false,
    });
    assert.deepEqual(runtimePlace(config({ 'container-runtime-endpoint': 'unix:///run/crio/crio.sock' })), {
      driver: 'cri',
      socket: '/run/crio/crio.sock',
      isOwn: false,
    });
  });

  test('that does not exist, or is not at a UNIX socket, is refused in one sentence', () => {
    assert.throws(() => config({ 'container-runtime': 'rkt' }), {
      message: '--container-runtime: "rkt" is no container runtime; there are nerdctl, cri, podman, docker',
    });
    assert.throws(() => config({ 'container-runtime-endpoint': 'tcp://1.2.3.4:1' }), {
      message:
        '--container-runtime-endpoint: "tcp://1.2.3.4:1" must be a UNIX socket as unix:///run/containerd/containerd.sock',
    });
  });

  test('of a data directory changes only when no pod runs any more', () => {
    recordRuntime(config());
    recordRuntime(config());
    assert.throws(() => recordRuntime(config({ 'container-runtime': 'cri' })), {
      name: 'ConfigError',
      message: `--container-runtime: the pods of ${directory}/data run with "nerdctl": stop them with "tsukube stop --all", then start with another`,
    });
    forgetRuntime(config());
    assert.equal(recordedRuntime(config()), undefined);
    recordRuntime(config({ 'container-runtime': 'cri' }));
    assert.equal(recordedRuntime(config())?.['container-runtime'], 'cri');
  });

  test('of somebody else needs none of the programs that ours is driven by', () => {
    const names = (flags: Record<string, string>) => checkHost(config(flags)).map(({ name }) => name);
    const theirs = names({ 'container-runtime-endpoint': 'unix:///run/crio/crio.sock' });
    for (const name of ['containerd', 'runc', 'nerdctl', 'unshare', 'CNI plugins'])
      assert.ok(!theirs.includes(name), name);
    assert.ok(theirs.includes('mount') && names({}).includes('unshare'));
    const cri = names({ 'container-runtime': 'cri' });
    assert.ok(cri.includes('containerd') && cri.includes('nerdctl') && !cri.includes('unshare'));
    const podman = names({ 'container-runtime': 'podman' });
    for (const name of ['podman', 'conmon', 'runc', 'unshare', 'CNI plugins']) assert.ok(podman.includes(name), name);
    assert.ok(!podman.includes('containerd') && !podman.includes('nerdctl'));
  });

  test('our containerd makes the pod network itself: the default one, or that of a folder', () => {
    const plugin = criPlugin(config({ 'cluster-cidr': '10.9.0.0/24' }));
    const list = JSON.parse(readFileSync(path.join(plugin.cniConfDir, '10-tsukube.conflist'), 'utf8'));
    assert.equal(list.plugins[0].ipam.ranges[0][0].subnet, '10.9.0.0/24');
    assert.equal(plugin.registries, `${directory}/data/registries`);
    assert.equal(criPlugin(config({ 'cni-conf-dir': '/etc/cni/net.d' })).cniConfDir, '/etc/cni/net.d');
  });
});
