// One list of cases that every runtime driver passes: what the kubelet relies on, and nothing else.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { ContainerStats, Runtime, RuntimeEvent } from '../../../src/kubelet/cri/runtime.ts';
import { eventually } from '../../support/eventually.ts';
import { containerConfig, sandboxConfig } from './configs.ts';
import { subjects } from './harness.ts';
import { useHarness } from './use-harness.ts';

const MEGABYTE = 1024 * 1024;
const HANDLES_TERM = ['sh', '-c', 'trap "exit 5" TERM; while true; do sleep 0.05; done'];

for (const subject of subjects) {
  describe(`runtime ${subject.name}`, { skip: subject.unavailable ?? false, timeout: 60_000 }, () => {
    const harness = useHarness(subject);
    let runtime: Runtime;
    before(() => {
      runtime = harness().runtime;
    });

    const run = async (sandboxId: string, command: readonly string[], name = 'main') => {
      const id = await runtime.createContainer(containerConfig(sandboxId, name, { command }));
      await runtime.startContainer(id);
      return id;
    };

    test('a sandbox has an address, is listed, and is gone after its removal', async () => {
      const sandbox = await runtime.runSandbox(sandboxConfig('addressed'));
      assert.equal(sandbox.state, 'ready');
      assert.match(sandbox.ips[0] ?? '', /^10\./);
      assert.ok((await runtime.listSandboxes()).some((s) => s.id === sandbox.id));
      await runtime.stopSandbox(sandbox.id);
      await runtime.stopSandbox(sandbox.id);
      assert.equal((await runtime.listSandboxes()).find((s) => s.id === sandbox.id)?.state, 'notReady');
      await runtime.removeSandbox(sandbox.id);
      await runtime.removeSandbox(sandbox.id);
      assert.ok(!(await runtime.listSandboxes()).some((s) => s.id === sandbox.id));
    });

    test('a container that ends by itself is exited with its code, and every step is an event', async () => {
      const events: RuntimeEvent[] = [];
      const stop = new AbortController();
      const reading = (async () => {
        for await (const event of runtime.events(stop.signal)) events.push(event);
      })();
      const sandbox = await runtime.runSandbox(sandboxConfig('ending'));
      const id = await run(sandbox.id, ['sh', '-c', 'exit 3']);
      const status = await eventually('the exit', async () => {
        const now = await runtime.containerStatus(id);
        return now?.state === 'exited' ? now : undefined;
      });
      assert.equal(status.exitCode, 3);
      assert.equal(status.name, 'main');
      assert.equal(status.pod.uid, 'uid-ending');
      assert.ok(status.createdAt > 0 && status.finishedAt >= status.createdAt);
      await runtime.removeSandbox(sandbox.id);
      await eventually('the deletion', () => events.some((e) => e.type === 'deleted' && e.containerId === id));
      const types = events.filter((e) => e.containerId === id).map((e) => e.type);
      assert.deepEqual(types, ['created', 'started', 'exited', 'deleted']);
      stop.abort();
      await reading;
    });

    test('a container that handles the stop signal ends with its own code, within the grace', async () => {
      const sandbox = await runtime.runSandbox(sandboxConfig('graceful'));
      const id = await run(sandbox.id, HANDLES_TERM);
      await runtime.stopContainer(id, 10);
      await runtime.stopContainer(id, 10);
      assert.equal((await runtime.containerStatus(id))?.exitCode, 5);
      await runtime.removeSandbox(sandbox.id);
    });

    test('a container that ignores the stop signal is killed after the grace', async () => {
      const sandbox = await runtime.runSandbox(sandboxConfig('stubborn'));
      const id = await run(sandbox.id, ['sleep', '1000']);
      await runtime.stopContainer(id, 1);
      assert.equal((await runtime.containerStatus(id))?.exitCode, 137);
      await runtime.removeSandbox(sandbox.id);
    });

    test('a command that does not exist is RunContainerError, and the container has ended with 128', async () => {
      const sandbox = await runtime.runSandbox(sandboxConfig('typo'));
      const id = await runtime.createContainer(containerConfig(sandbox.id, 'main', { command: ['nope'] }));
      await assert.rejects(runtime.startContainer(id), {
        reason: 'RunContainerError',
        message: /exec: "nope": executable file not found in \$PATH/,
      });
      const status = await runtime.containerStatus(id);
      assert.deepEqual([status?.state, status?.exitCode], ['exited', 128]);
      await runtime.removeSandbox(sandbox.id);
    });

    test('an image that is not present cannot be run', async () => {
      const sandbox = await runtime.runSandbox(sandboxConfig('no-image'));
      const config = containerConfig(sandbox.id, 'main', { command: ['true'], image: 'example.invalid/none:1' });
      assert.equal(await runtime.imageStatus(config.image), undefined);
      await assert.rejects(runtime.createContainer(config), { reason: 'CreateContainerError' });
      await runtime.removeSandbox(sandbox.id);
    });

    test('an image is found under every form of its name, and a failed pull is ErrImagePull', async () => {
      const [short, long] = await Promise.all([
        runtime.imageStatus('busybox:1.36'),
        runtime.imageStatus('docker.io/library/busybox:1.36'),
      ]);
      assert.ok(short?.repoTags.includes('docker.io/library/busybox:1.36'));
      assert.equal(short?.id, long?.id);
      assert.ok((await runtime.listImages()).some((image) => image.id === short?.id));
      await assert.rejects(runtime.pullImage('example.invalid/none:1'), { reason: 'ErrImagePull' });
    });

    test('exec gives output and exit code, or a timeout that kills', async () => {
      const sandbox = await runtime.runSandbox(sandboxConfig('exec'));
      const id = await run(sandbox.id, HANDLES_TERM);
      const result = await runtime.execSync(id, ['sh', '-c', 'echo out; echo err >&2; exit 7'], 10_000);
      assert.deepEqual([result.exitCode, String(result.stdout), String(result.stderr)], [7, 'out\n', 'err\n']);
      await assert.rejects(runtime.execSync(id, ['sleep', '30'], 200), { reason: 'ExecTimeout' });
      const session = await runtime.exec(id, ['sh', '-c', 'echo out; exit 4'], {
        stdin: false,
        stdout: true,
        stderr: true,
        tty: false,
      });
      session.stdout?.resume();
      session.stderr?.resume();
      assert.equal(await session.exit, 4);
      await runtime.removeSandbox(sandbox.id);
    });

    test('the limits of a running container change at once, and its status tells them', async () => {
      const sandbox = await runtime.runSandbox(sandboxConfig('resized'));
      const resources = { cpuShares: 100, cpuQuota: 50_000, memoryLimitBytes: 64 * MEGABYTE };
      const config = containerConfig(sandbox.id, 'main', { command: HANDLES_TERM, resources });
      const id = await runtime.createContainer(config);
      await runtime.startContainer(id);
      assert.deepEqual((await runtime.containerStatus(id))?.resources, resources);
      await runtime.updateContainer(id, { cpuShares: 200, memoryLimitBytes: 32 * MEGABYTE });
      const changed = { cpuShares: 200, cpuQuota: 50_000, memoryLimitBytes: 32 * MEGABYTE };
      assert.deepEqual((await runtime.containerStatus(id))?.resources, changed);
      await assert.rejects(runtime.updateContainer('none', resources), /no container none/);
      await runtime.removeSandbox(sandbox.id);
    });

    test('running containers tell what they use, ended ones do not; images have a place', async () => {
      const sandbox = await runtime.runSandbox(sandboxConfig('measured'));
      const command = ['sh', '-c', 'head -c 200000 /dev/zero > /written; while true; do sleep 0.05; done'];
      const running = await run(sandbox.id, command, 'running');
      const ended = await run(sandbox.id, ['sh', '-c', 'exit 3'], 'ended');
      await eventually('the exit', async () => (await runtime.containerStatus(ended))?.state === 'exited');
      const stats = await eventually('what it has written', async () => {
        const own = (await runtime.listContainerStats()).filter(({ id }) => [running, ended].includes(id));
        return (own[0]?.writableLayer?.usedBytes ?? 0) >= 200_000 ? own : undefined;
      });
      assert.deepEqual(
        stats.map(({ id }) => id),
        [running],
      );
      const [{ cpu, memory, processes, writableLayer, at }] = stats as [ContainerStats];
      assert.ok((cpu?.usageNanoseconds ?? 0) > 0 && (processes ?? 1) >= 1 && at > 0);
      assert.ok((memory?.workingSetBytes ?? 0) > 0);
      assert.ok((memory?.usageBytes ?? 0) >= (memory?.workingSetBytes ?? 0));
      assert.ok((writableLayer?.inodesUsed ?? 0) > 0);
      const { mountpoint, usedBytes, inodesUsed } = await runtime.imageFilesystem();
      assert.ok(mountpoint.startsWith('/') && usedBytes > 0 && inodesUsed > 0);
      await runtime.removeSandbox(sandbox.id);
    });

    test('after a restart of the server the same containers are there, with nothing changed', async () => {
      const sandbox = await runtime.runSandbox(sandboxConfig('adopted'));
      const running = await run(sandbox.id, HANDLES_TERM, 'running');
      const ended = await run(sandbox.id, ['sh', '-c', 'exit 3'], 'ended');
      await eventually('the exit', async () => (await runtime.containerStatus(ended))?.state === 'exited');
      runtime = await harness().restart();
      const known = await eventually('both as they are', async () => {
        const own = (await runtime.listContainers()).filter((c) => c.sandboxId === sandbox.id);
        return own.find((c) => c.id === ended)?.state === 'exited' ? own : undefined;
      });
      assert.deepEqual(
        known.map((c) => [c.id, c.state, c.exitCode, c.name]).sort(),
        [
          [running, 'running', undefined, 'running'],
          [ended, 'exited', 3, 'ended'],
        ].sort(),
      );
      assert.equal((await runtime.listSandboxes()).find((s) => s.id === sandbox.id)?.state, 'ready');
      await runtime.removeSandbox(sandbox.id);
    });
  });
}
