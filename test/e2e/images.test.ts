// Images in a real cluster: a private registry through the pod's service account, and an image that is loaded by hand.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';
import { type Registry, startRegistry, USER, whyNoRegistry } from '../support/registry.ts';
import { type Cluster, createCluster } from './cluster.ts';

const BUSYBOX = 'docker.io/library/busybox:1.36';

describe('images in a cluster', { skip: whyNoRegistry() ?? false, timeout: 180_000 }, () => {
  let cluster: Cluster;
  let registry: Registry;
  let image: string;
  const nerdctl = (...args: string[]) => {
    const address = path.join(cluster.folder, 'run/containerd/containerd.sock');
    const place = ['--address', address, '--namespace', 'k8s.io', '--data-root', `${cluster.dataDir}/nerdctl`];
    return run(['nerdctl', ...place, ...args]);
  };
  const kubectl = (...args: string[]) => cluster.kubectl(...args);
  const pod = (name: string, of: string) =>
    kubectl('run', name, `--image=${of}`, '--image-pull-policy=IfNotPresent', '--restart=Never', '--', 'sleep', '1000');
  const waits = (name: string, what: RegExp) =>
    eventually(
      `${name} ${what}`,
      async () => {
        const state = '{.status.phase} {.status.containerStatuses[0].state.waiting}';
        assert.match(await kubectl('get', 'pod', name, '-o', `jsonpath=${state}`), what);
        return true;
      },
      { timeoutMs: 30_000, everyMs: 200 },
    );

  before(async () => {
    cluster = await createCluster();
    await cluster.start();
    const images = path.join(cluster.folder, 'registry');
    const open = await startRegistry(images, 'open');
    registry = await startRegistry(images, 'password');
    image = `${registry.host}/team/app:1`;
    const name = `${open.host}/team/app:1`;
    await nerdctl('tag', BUSYBOX, name);
    await nerdctl('push', name);
    await nerdctl('rmi', name);
    await open.close();
  });
  after(async () => {
    await registry?.close();
    await cluster?.remove();
    rmSync(path.join(cluster.folder, 'registry'), { recursive: true, force: true });
  });

  // First: later what it has came with a secret, under another name too.
  test('a pod that waits runs when its image was brought by nerdctl', async () => {
    const name = 'example.invalid/by-hand:1';
    await pod('waiting', name);
    await waits('waiting', /ImagePullBackOff/);
    await nerdctl('tag', BUSYBOX, name);
    await waits('waiting', /^Running/);
  });

  test('a secret of the service account opens a private registry', async () => {
    await pod('without', image);
    await waits('without', /ImagePull.*pull access denied/);
    const { username, password } = USER;
    const login = [
      `--docker-server=${registry.host}`,
      `--docker-username=${username}`,
      `--docker-password=${password}`,
    ];
    await kubectl('create', 'secret', 'docker-registry', 'login', ...login);
    await kubectl('patch', 'serviceaccount', 'default', '-p', '{"imagePullSecrets":[{"name":"login"}]}');
    await pod('with', image);
    await waits('with', /^Running/);
    assert.equal(cluster.output().includes(password), false, 'the server says no passwords');
  });

  test('an image that came with a secret is not for a pod without, though it is present', async () => {
    await kubectl('create', 'serviceaccount', 'bare');
    const bare = JSON.stringify({ spec: { serviceAccountName: 'bare' } });
    await kubectl('run', 'bare', `--image=${image}`, '--image-pull-policy=IfNotPresent', `--overrides=${bare}`);
    await waits('bare', /ImagePull.*pull access denied/);
    await pod('with-too', image);
    await waits('with-too', /^Running/);
  });
});
