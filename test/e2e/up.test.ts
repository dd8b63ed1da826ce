// The README's first command on a machine that is set up: what it plans, starts, and refuses.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RunError, run } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';
import { kubectlFor } from '../support/kubectl.ts';
import { hostState, stateDifference } from './host-state.ts';

const root = path.join(import.meta.dirname, '../..');
const UP = path.join(root, 'scripts/up');

describe('./scripts/up', () => {
  let folder: string;
  let env: Record<string, string>;
  let hostBefore: Awaited<ReturnType<typeof hostState>>;
  before(async () => {
    hostBefore = await hostState();
    folder = mkdtempSync(path.join(tmpdir(), 'tsk-'));
    env = {
      TSUKUBE_DATA_DIR: path.join(folder, 'data'),
      TSUKUBE_RUN_DIR: path.join(folder, 'run'),
      TSUKUBE_WRITE_KUBECONFIG: path.join(folder, 'kubeconfig'),
      TSUKUBE_PORT: '16444',
      TSUKUBE_KUBELET_PORT: '20251',
      TSUKUBE_CLUSTER_CIDR: '10.54.0.0/24',
      TSUKUBE_SERVICE_CIDR: '10.55.0.0/16',
    };
    await run([process.execPath, path.join(root, 'scripts/test-images.ts'), path.join(folder, 'data/images')]);
  });
  after(async () => {
    try {
      await run([process.execPath, path.join(root, 'bin/run.js'), 'uninstall', '--yes'], { env, timeout: 60_000 });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    assert.deepEqual(stateDifference(hostBefore, await hostState()), []);
  });
  const up = (...args: string[]) => run([UP, ...args], { env, timeout: 60_000 });
  const refusal = async (argv: string[], more: Record<string, string> = {}) => {
    const error = await run(argv, { env: { ...env, ...more }, timeout: 60_000 }).then(
      () => undefined,
      (e: unknown) => e,
    );
    assert.ok(error instanceof RunError);
    return error.output.trim();
  };

  test('says what it would install, and installs nothing for that', async () => {
    const tools = path.join(folder, 'tools');
    const bare = { TSUKUBE_TOOLS: tools, PATH: '/usr/bin:/bin' };
    const { stdout } = await run([UP, '--plan'], { env: { ...env, ...bare } });
    assert.match(stdout, /nerdctl .*\(built from its Go module.*|nothing is missing/);
    assert.equal(existsSync(tools), false);
  });

  test('refuses anyone but root in one sentence', async () => {
    const told = await refusal(['setpriv', '--reuid=65534', '--clear-groups', UP]);
    assert.match(told, /^tsukube: containers and network rules need root: run sudo \.\/scripts\/up$/);
  });

  test('refuses a taken port and names its holder', async () => {
    const { createServer } = await import('node:net');
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = holder.address() as { port: number };
      const told = await refusal([UP], { TSUKUBE_PORT: String(port) });
      assert.match(told, new RegExp(`port ${port} of the API is taken by .*\\(process ${process.pid}\\)`));
    } finally {
      holder.close();
    }
  });

  test('starts the cluster, says how long it took, where the kubeconfig is and what to try', async () => {
    const { stdout } = await up('--detach');
    assert.match(stdout, /tsukube is up: the API after [\d.]+ s, everything after [\d.]+ s, at https:\/\//);
    assert.match(stdout, new RegExp(`kubeconfig: ${folder}/kubeconfig`));
    assert.match(stdout, /try: kubectl get nodes/);
    const kubectl = await kubectlFor(path.join(folder, 'kubeconfig'));
    await kubectl('run', 'first', '--image=busybox:1.36', '--', 'sh', '-c', 'trap exit TERM; sleep 1000 & wait');
    await kubectl('wait', '--for=condition=Ready', 'pod/first', '--timeout=30s');
  });

  test('run again beside it, says that it runs', async () => {
    assert.match(await refusal([UP]), /a server runs already \(process \d+, API on port 16444\)/);
  });

  test('run again after a stop, installs nothing and has the cluster back', async () => {
    await run([process.execPath, path.join(root, 'bin/run.js'), 'stop'], { env });
    const { stdout } = await up('--detach');
    assert.doesNotMatch(stdout, /will install/);
    const kubectl = await kubectlFor(path.join(folder, 'kubeconfig'));
    await eventually('the same pod', async () => /1\/1 +Running +0/.test(await kubectl('get', 'pod', 'first')));
  });
});
