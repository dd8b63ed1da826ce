// What dies around a container: containerd, a shim. The containers' truth is found again, and new ones can start.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Runtime } from '../../../../src/kubelet/cri/runtime.ts';
import { eventually } from '../../../support/eventually.ts';
import { containerConfig, sandboxConfig } from '../configs.ts';
import { type Harness, hostSnapshot, subjects } from '../harness.ts';

const subject = subjects.find((s) => s.name === 'nerdctl')!;

function shimOf(containerId: string): number {
  const pid = readdirSync('/proc').find((entry) => {
    try {
      const argv = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      return argv[0]?.includes('containerd-shim') && argv.includes(containerId);
    } catch {
      return false; // not a process, or over
    }
  });
  return Number(pid);
}

describe('what dies around a container', { skip: subject.unavailable ?? false, timeout: 90_000 }, () => {
  let harness: Harness;
  let runtime: Runtime;
  let sandboxId: string;
  let hostBefore: string[];
  before(async () => {
    hostBefore = hostSnapshot();
    harness = await subject.open();
    runtime = harness.runtime;
    const sandbox = await runtime.runSandbox(sandboxConfig('failing'));
    sandboxId = sandbox.id;
  });
  after(async () => {
    await harness?.close();
    await eventually('the host as it was', () => assert.deepEqual(hostSnapshot(), hostBefore) === undefined);
  });

  const run = async (name: string, command: readonly string[]) => {
    const id = await runtime.createContainer(containerConfig(sandboxId, name, { command }));
    await runtime.startContainer(id);
    return id;
  };
  const status = (id: string) => runtime.containerStatus(id);
  const ended = (id: string) =>
    eventually('the end', async () => {
      const now = await status(id);
      return now?.state === 'exited' ? now : undefined;
    });

  test('containerd is started again; what ran runs on, and what ended without it is known', async () => {
    const lasting = await run('lasting', ['sleep', '1000']);
    const ending = await run('ending', ['sh', '-c', 'trap "exit 7" TERM; while true; do sleep 0.05; done']);
    const before = harness.containerdPid() as number;
    process.kill(before, 'SIGKILL');
    await runtime.execSync(ending, ['kill', '1'], 5_000);
    await eventually('another containerd', () => harness.containerdPid() !== before);
    assert.equal((await ended(ending)).exitCode, 7);
    assert.equal((await status(lasting))?.state, 'running');
    const later = await eventually('a new container', () => run('later', ['sh', '-c', 'exit 3']));
    assert.equal((await ended(later)).exitCode, 3);
    await runtime.stopContainer(lasting, 0);
  });

  test('a container whose shim was killed has exited', async () => {
    const id = await run('shimless', ['sleep', '1000']);
    process.kill(shimOf(id), 'SIGKILL');
    assert.equal((await ended(id)).exitCode, 137);
    await runtime.removeContainer(id);
    assert.equal(await status(id), undefined);
  });
});
