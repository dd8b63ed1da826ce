// The CRI driver over a runtime that is not containerd, or does not work. Real ones are in the conformance list.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type CriRuntimeOptions, createCriRuntime } from '../../../../src/kubelet/cri/grpc/driver.ts';
import { createPodLogs, type PodLogs } from '../../../../src/kubelet/cri/pod-logs.ts';
import type { ContainerStatus, ExecSession } from '../../../../src/kubelet/cri/runtime.ts';
import { DEFAULT_LOG_LIMITS } from '../../../../src/kubelet/logs/log-file.ts';
import { silentLogger as log } from '../../../../src/log.ts';
import { eventually } from '../../../support/eventually.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { containerConfig, sandboxConfig } from '../configs.ts';
import { type FakeRuntime, fakeRuntime } from './fake-runtime.ts';

describe('the CRI driver', { timeout: 20_000 }, () => {
  let clock: ReturnType<typeof fakeClock>;
  let folder: string;
  let logs: PodLogs;
  let fake: FakeRuntime;
  let runtime: ReturnType<typeof createCriRuntime>;
  beforeEach(() => {
    clock = fakeClock();
    folder = mkdtempSync(path.join(os.tmpdir(), 'cri-'));
    logs = createPodLogs(path.join(folder, 'pods'));
  });
  afterEach(async () => {
    await runtime.stop();
    await fake.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const driver = (options: Partial<CriRuntimeOptions>) => {
    const host = { minOomScoreAdj: 0, accountsSwap: true };
    return createCriRuntime({ path: fake.path, logs, cgroup: 'tsk', instance: 'mine', host, clock, log, ...options });
  };
  const open = async (options: Parameters<typeof fakeRuntime>[0] = {}) => {
    fake = await fakeRuntime(options);
    runtime = driver({});
    await runtime.start();
  };
  const running = async () => {
    const sandbox = await runtime.runSandbox(sandboxConfig('pod'));
    const id = await runtime.createContainer(containerConfig(sandbox.id, 'main'));
    await runtime.startContainer(id);
    return id;
  };
  const requestOf = (method: string) => fake.asked.findLast((one) => one.method === method)?.request;

  test('takes ends from GetContainerEvents, which other runtimes have', async () => {
    await open();
    const id = await running();
    fake.change(id, { state: 'CONTAINER_EXITED', exitCode: 137, reason: 'OOMKilled' });
    const status = await eventually('the end', async () => {
      const now = await runtime.containerStatus(id);
      return now?.state === 'exited' ? now : undefined;
    });
    assert.deepEqual([status.exitCode, status.oomKilled], [137, true]);
  });

  test('puts the log of a running container aside when it is full', async () => {
    await open();
    const { logPath } = (await runtime.containerStatus(await running())) as ContainerStatus;
    writeFileSync(logPath, Buffer.alloc(DEFAULT_LOG_LIMITS.maxBytes));
    await eventually('the rotation', async () => {
      await clock.advance(1_000);
      return existsSync(`${logPath}.1`) && statSync(logPath).size === 0;
    });
  });

  test('lists every second where there are no events', async () => {
    await open({ hasEvents: false });
    const id = await running();
    fake.change(id, { state: 'CONTAINER_EXITED', exitCode: 3 }, false);
    await eventually('the end', async () => {
      await clock.advance(1_000);
      return (await runtime.containerStatus(id))?.exitCode === 3;
    });
  });

  test('sees only what is its own, and gives containers what their sandbox was made with after a restart', async () => {
    await open();
    const sandbox = await runtime.runSandbox(sandboxConfig('pod', { hostPID: true }));
    await runtime.stop();
    const host = { minOomScoreAdj: 0, accountsSwap: true };
    runtime = createCriRuntime({ path: fake.path, logs, cgroup: 'tsk', instance: 'mine', host, clock, log });
    await runtime.start();
    assert.deepEqual(await runtime.listSandboxes(), [sandbox]);
    assert.deepEqual(sandbox.ips, ['10.1.2.3']);
    await runtime.createContainer(containerConfig(sandbox.id, 'main'));
    const { sandboxConfig: given } = requestOf('CreateContainer') as { sandboxConfig: { linux: unknown } };
    const run = fake.asked.find(({ method }) => method === 'RunPodSandbox')?.request as { config: unknown };
    assert.deepEqual(given, run.config);
    const filter = { labelSelector: { 'io.tsukube/instance': 'mine' } };
    for (const method of ['ListPodSandbox', 'ListContainers']) assert.deepEqual(requestOf(method), { filter });
  });

  test('a call that hangs fails after two minutes, and the node hears of it within half a minute', async () => {
    await open();
    const id = await running();
    fake.hanging.add('ExecSync').add('Status');
    const outcome = assert.rejects(runtime.execSync(id, ['true'], 1_000), {
      reason: 'ExecTimeout',
      message: 'runtime.v1.RuntimeService/ExecSync took longer than 121 s',
    });
    await eventually('the alarm', async () => {
      await clock.advance(5_000);
      return runtime.problem() === 'container runtime is down: runtime.v1.RuntimeService/Status took longer than 10 s';
    });
    await clock.advance(121_000);
    await outcome;
    fake.hanging.clear();
    await eventually('the return', async () => {
      await clock.advance(15_000);
      return runtime.problem() === undefined;
    });
  });

  test('a sandbox that is not made is told as Go prints such errors', async () => {
    await open();
    fake.hanging.add('RunPodSandbox');
    let failure: Error | undefined;
    runtime.runSandbox(sandboxConfig('web')).catch((error: Error) => {
      failure = error;
    });
    await eventually('the failure', async () => {
      await clock.advance(60_000);
      return failure !== undefined;
    });
    const why = 'runtime.v1.RuntimeService/RunPodSandbox took longer than 240 s';
    assert.equal(failure?.message, `rpc error: code = DeadlineExceeded desc = ${why}`);
    fake.hanging.clear();
  });

  test('a runtime without a network is a problem in its own words', async () => {
    await open();
    fake.conditions = [
      { type: 'RuntimeReady', status: true, reason: '', message: '' },
      { type: 'NetworkReady', status: false, reason: 'NetworkPluginNotReady', message: 'cni plugin not initialized' },
    ];
    await eventually('the problem', async () => {
      await clock.advance(15_000);
      return runtime.problem() !== undefined;
    });
    assert.equal(
      runtime.problem(),
      'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized',
    );
  });

  test('a pull carries the credential, and an archive is refused where nobody can load it', async () => {
    await open();
    await runtime.pullImage('app:1', { credential: { username: 'me', password: 'secret' } });
    assert.deepEqual(requestOf('PullImage'), {
      image: { image: 'app:1' },
      auth: { username: 'me', password: 'secret' },
    });
    await assert.rejects(runtime.loadImages('/a.tar'), {
      reason: 'ImageLoadError',
      message: /a\.tar is not loaded: the container runtime is not ours/,
    });
  });

  test('a containerd that loses what containers write last is warned of', async () => {
    fake = await fakeRuntime({ name: 'containerd', version: '1.6.20~ds1' });
    const told: string[] = [];
    runtime = driver({ log: { ...log, warn: (text: string) => told.push(text) } as unknown as typeof log });
    const starting = runtime.start();
    await eventually('the warning', () => told.length > 0);
    assert.match(
      told[0] as string,
      /^containerd 1\.6\.20~ds1 loses the last lines .* install 1\.6\.22, 1\.7\.3 or newer$/,
    );
    await runtime.stop();
    await starting;
  });

  test('a command is run in the way that its runtime has besides', async () => {
    fake = await fakeRuntime();
    const asked: unknown[] = [];
    const session: ExecSession = { resize() {}, exit: Promise.resolve(0), close() {} };
    runtime = driver({
      async exec(...args) {
        asked.push(args);
        return session;
      },
    });
    await runtime.start();
    const streams = { stdin: false, stdout: true, stderr: true, tty: false };
    assert.equal(await runtime.exec('c1', ['true'], streams), session);
    assert.deepEqual(asked, [['c1', ['true'], streams]]);
    assert.equal(requestOf('Exec'), undefined);
  });

  test('nobody at the socket is one sentence that names it', async () => {
    fake = await fakeRuntime();
    runtime = driver({ path: '/nonexistent/cri' });
    const starting = runtime.start().then(
      () => undefined,
      (error: Error) => error,
    );
    const advancing = eventually('the refusal', async () => {
      await clock.advance(100);
      return Promise.race([starting, undefined]);
    });
    assert.match((await advancing)?.message ?? '', /^nobody answers at \/nonexistent\/cri: /);
  });
});
