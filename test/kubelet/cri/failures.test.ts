// What dies around a container: containerd, a shim, the server, or two of them. The containers' truth is found again,
// nothing is made twice or lost, and new ones can start.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import type { Runtime, SandboxConfig } from '../../../src/kubelet/cri/runtime.ts';
import { eventually } from '../../support/eventually.ts';
import { containerConfig, sandboxConfig } from './configs.ts';
import { subjects } from './harness.ts';
import { useHarness } from './use-harness.ts';

function shimWith(containerId: string): string | undefined {
  return readdirSync('/proc').find((entry) => {
    try {
      const argv = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      return argv[0]?.includes('containerd-shim') && argv.includes(containerId);
    } catch {
      return false; // not a process, or over
    }
  });
}

/** The container's first process, which is 1 in its own namespace; its control group bears its id. */
function processOf(containerId: string): number {
  const pid = readdirSync('/proc').find((entry) => {
    try {
      if (!readFileSync(`/proc/${entry}/cgroup`, 'utf8').includes(containerId)) return false;
      return /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${entry}/status`, 'utf8'));
    } catch {
      return false; // not a process, or over
    }
  });
  assert.ok(pid, 'the container has a process');
  return Number(pid);
}

/** Without a trap the first process of a namespace ignores the signal. */
function catchesSigterm(pid: number): boolean {
  const [, mask = '0'] = /^SigCgt:\t(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return ((BigInt(`0x${mask}`) >> BigInt(os.constants.signals.SIGTERM - 1)) & 1n) === 1n;
}

/** By the CRI all containers of a pod have the shim of its sandbox. */
const shimOf = (containerId: string, sandboxId: string): number => {
  const pid = shimWith(containerId) ?? shimWith(sandboxId);
  assert.ok(pid, 'there is a shim');
  return Number(pid);
};

const ENDS_WITH_7 = ['sh', '-c', 'trap "exit 7" TERM; while true; do sleep 0.05; done'];

const WITHOUT_CONTAINERD = ['simulated', 'podman', 'docker'];

for (const subject of subjects.filter(({ name }) => !WITHOUT_CONTAINERD.includes(name))) {
  describe(`what dies around a container: ${subject.name}`, {
    skip: subject.unavailable ?? false,
    timeout: 90_000,
  }, () => {
    const harness = useHarness(subject);
    let runtime: Runtime;
    before(() => {
      runtime = harness().runtime;
    });

    const sandbox = async (name: string, change: Partial<SandboxConfig> = {}) =>
      (await runtime.runSandbox(sandboxConfig(name, change))).id;
    /** The container that holds the PID namespace: by the CRI it has the sandbox's own id. */
    const holderOf = (sandboxId: string): string => {
      const file = path.join(harness().directories?.runDir ?? '', 'runtime/sandboxes', sandboxId, 'sandbox.json');
      if (!existsSync(file)) return sandboxId;
      return (JSON.parse(readFileSync(file, 'utf8')) as { pidHolder: string }).pidHolder;
    };
    const run = async (sandboxId: string, name: string, command: readonly string[]) => {
      const id = await runtime.createContainer(containerConfig(sandboxId, name, { command }));
      await runtime.startContainer(id);
      return id;
    };
    /** One whose first process ends with 7 when it is told to. */
    const runEnding = async (sandboxId: string) => {
      const id = await run(sandboxId, 'ending', ENDS_WITH_7);
      const pid = processOf(id);
      await eventually('its trap', () => catchesSigterm(pid));
      return { id, pid };
    };
    const status = (id: string) => runtime.containerStatus(id);
    const isOver = async (id: string) => {
      const now = await status(id);
      if (now?.state === 'exited') return now;
      throw new Error(`told is ${JSON.stringify(now)}`);
    };
    // A containerd that was killed has to be there again, and to be listened to.
    const ended = (id: string) => eventually('the end', () => isOver(id), { timeoutMs: 30_000 });
    const killContainerd = (): number => {
      const pid = harness().containerdPid() as number;
      process.kill(pid, 'SIGKILL');
      return pid;
    };
    const revived = (before: number) => eventually('another containerd', () => harness().containerdPid() !== before);
    /** What was made before is there once, and in the state it was in. */
    const known = async (sandboxId: string) =>
      (await runtime.listContainers())
        .filter((one) => one.sandboxId === sandboxId)
        .map(({ name, state }) => `${name} ${state}`)
        .sort();

    test('containerd is started again; what ran runs on, and what ended without it is known', async () => {
      const pod = await sandbox('containerd');
      const lasting = await run(pod, 'lasting', ['sleep', '1000']);
      const { id: ending, pid } = await runEnding(pod);
      const before = killContainerd();
      process.kill(pid, 'SIGTERM');
      await revived(before);
      assert.equal((await ended(ending)).exitCode, 7);
      assert.equal((await status(lasting))?.state, 'running');
      const later = await eventually('a new container', () => run(pod, 'later', ['sh', '-c', 'exit 3']));
      assert.equal((await ended(later)).exitCode, 3);
      await runtime.removeSandbox(pod);
    });

    test('a container whose shim was killed has exited', async () => {
      const pod = await sandbox('shim');
      const id = await run(pod, 'shimless', ['sleep', '1000']);
      process.kill(shimOf(id, pod), 'SIGKILL');
      // killed by whoever cleans up, or ended in a way that nobody saw
      assert.ok([137, 255].includes((await ended(id)).exitCode ?? 0));
      await runtime.removeContainer(id);
      assert.equal(await status(id), undefined);
      await runtime.removeSandbox(pod);
    });

    test('a shared PID namespace whose first process was killed makes the pod not ready', async () => {
      const pod = await sandbox('shared', { shareProcessNamespace: true });
      const state = async () => (await runtime.listSandboxes()).find(({ id }) => id === pod)?.state;
      assert.equal(await state(), 'ready');
      const id = await run(pod, 'main', ['sleep', '1000']);
      process.kill(shimOf(holderOf(pod), pod), 'SIGKILL');
      await eventually('the end of the sandbox', async () => (await state()) === 'notReady');
      await ended(id);
      await runtime.removeSandbox(pod);
    });

    test('and so it does when the server was not there', async () => {
      const pod = await sandbox('unseen', { shareProcessNamespace: true });
      const shim = shimOf(holderOf(pod), pod);
      const restarted = harness().restart();
      process.kill(shim, 'SIGKILL');
      runtime = await restarted;
      const state = async () => (await runtime.listSandboxes()).find(({ id }) => id === pod)?.state;
      await eventually('the end of the sandbox', async () => (await state()) === 'notReady');
      await runtime.removeSandbox(pod);
    });

    test('the server and containerd at once: the next server finds what runs, and what ended meanwhile', async () => {
      const pod = await sandbox('both');
      await run(pod, 'lasting', ['sleep', '1000']);
      const { id: ending, pid } = await runEnding(pod);
      const before = killContainerd();
      const restarted = harness().restart();
      process.kill(pid, 'SIGTERM');
      runtime = await restarted;
      await revived(before);
      await ended(ending);
      assert.deepEqual(await known(pod), ['ending exited', 'lasting running']);
      await runtime.removeSandbox(pod);
    });

    test('containerd and a shim at once: its container has ended, others run on', async () => {
      const [pod, other] = [await sandbox('lost'), await sandbox('kept')];
      const lost = await run(pod, 'lost', ['sleep', '1000']);
      await run(other, 'kept', ['sleep', '1000']);
      const shim = shimOf(lost, pod);
      const before = killContainerd();
      process.kill(shim, 'SIGKILL');
      await revived(before);
      await ended(lost);
      assert.deepEqual(await known(other), ['kept running']);
      for (const id of [pod, other]) await runtime.removeSandbox(id);
    });

    test('a server killed while it makes a pod leaves nothing that the next one does not know', async () => {
      const making = runtime.runSandbox(sandboxConfig('halfway')).catch(() => undefined);
      runtime = await harness().restart();
      await making;
      await eventually('the sandbox', async () => {
        const own = (await runtime.listSandboxes()).filter((one) => one.pod.name === 'halfway');
        return own.length <= 1;
      });
      for (const { id, pod } of await runtime.listSandboxes())
        if (pod.name === 'halfway') await runtime.removeSandbox(id);
    });
  });
}
