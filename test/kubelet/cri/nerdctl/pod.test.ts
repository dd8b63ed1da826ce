// What only real namespaces can show: sharing in a pod, terminals, forwarding, the OOM killer.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { writeTestImages } from '../../../../scripts/test-images.ts';
import { systemClock } from '../../../../src/clock.ts';
import { connectContainerd } from '../../../../src/kubelet/cri/containerd/api.ts';
import { createSnapshots } from '../../../../src/kubelet/cri/containerd/snapshots.ts';
import { parseLogLine } from '../../../../src/kubelet/cri/log-line.ts';
import type { ContainerConfig, Runtime } from '../../../../src/kubelet/cri/runtime.ts';
import { eventually } from '../../../support/eventually.ts';
import { containerConfig, sandboxConfig } from '../configs.ts';
import { subjects } from '../harness.ts';
import { useHarness } from '../use-harness.ts';

const subject = subjects.find((s) => s.name === 'nerdctl')!;

describe('pods by nerdctl', { skip: subject.unavailable ?? false, timeout: 60_000 }, () => {
  const harness = useHarness(subject);
  let runtime: Runtime;
  before(() => {
    runtime = harness().runtime;
  });

  const run = async (sandboxId: string, name: string, change: Partial<ContainerConfig>) => {
    const id = await runtime.createContainer(containerConfig(sandboxId, name, change));
    await runtime.startContainer(id);
    return id;
  };
  const output = async (id: string, script: string) =>
    String((await runtime.execSync(id, ['sh', '-c', script], 10_000)).stdout).trim();

  test("a program that is not there is told in the words of containerd's CRI", async () => {
    const sandbox = await runtime.runSandbox(sandboxConfig('absent-program'));
    await assert.rejects(run(sandbox.id, 'main', { command: ['nope'] }), {
      message: /^failed to create containerd task: failed to create shim task: OCI runtime create failed: /,
    });
    await runtime.removeSandbox(sandbox.id);
  });

  test('the containers of a pod share network, IPC and /dev/shm, and not their processes', async () => {
    const sandbox = await runtime.runSandbox(sandboxConfig('sharing'));
    const [a, b] = await Promise.all([
      run(sandbox.id, 'a', { command: ['sleep', '1000'] }),
      run(sandbox.id, 'b', { command: ['sleep', '1000'] }),
    ]);
    const namespaces = 'readlink /proc/self/ns/net /proc/self/ns/ipc; hostname';
    assert.equal(await output(a, namespaces), await output(b, namespaces));
    await output(a, 'echo shared >/dev/shm/file');
    assert.equal(await output(b, 'cat /dev/shm/file'), 'shared');
    assert.notEqual(await output(a, 'readlink /proc/1/ns/pid'), await output(b, 'readlink /proc/1/ns/pid'));
    await runtime.removeSandbox(sandbox.id);
  });

  test('a pod with a shared process namespace has one first process, and containers see each other', async () => {
    const sandbox = await runtime.runSandbox(sandboxConfig('pids', { shareProcessNamespace: true }));
    const a = await run(sandbox.id, 'a', { command: ['sleep', '1000'] });
    const b = await run(sandbox.id, 'b', { command: ['sleep', '2000'] });
    assert.match(await output(a, 'ps -o pid,args'), /1 \/pause[\s\S]*sleep 1000[\s\S]*sleep 2000/);
    await runtime.stopContainer(b, 1);
    assert.equal((await runtime.containerStatus(a))?.state, 'running');
    await runtime.removeSandbox(sandbox.id);
  });

  test('exec with a terminal has its size, and exec without one reads stdin to its end', async () => {
    const sandbox = await runtime.runSandbox(sandboxConfig('terminal'));
    const id = await run(sandbox.id, 'main', { command: ['sleep', '1000'] });
    const terminal = await runtime.exec(id, ['sh'], { stdin: true, stdout: true, stderr: false, tty: true });
    let screen = '';
    terminal.stdout!.on('data', (chunk) => {
      screen += chunk;
    });
    terminal.resize(101, 41);
    await eventually(
      'the size',
      () => {
        terminal.stdin!.write('ttysize=$(stty size </proc/1/fd/0 2>&1; stty -a 2>&1 | head -1); echo "[$ttysize]"\n');
        return screen.includes('41') && screen.includes('101');
      },
      { everyMs: 200 },
    );
    terminal.stdin!.write('exit 6\n');
    assert.equal(await terminal.exit, 6);

    const pipe = await runtime.exec(id, ['wc', '-c'], { stdin: true, stdout: true, stderr: true, tty: false });
    const counted = new Promise((resolve) => pipe.stdout!.once('data', (chunk) => resolve(String(chunk).trim())));
    pipe.stdin!.end('12345');
    assert.equal(await counted, '5');
    assert.equal(await pipe.exit, 0);
    await runtime.removeSandbox(sandbox.id);
  });

  for (const tty of [false, true]) {
    test(`a program that is not there is told as an error only, ${tty ? 'with' : 'without'} a terminal`, async () => {
      const sandbox = await runtime.runSandbox(sandboxConfig(`missing-${tty}`));
      const id = await run(sandbox.id, 'main', { command: ['sleep', '1000'] });
      const session = await runtime.exec(id, ['nope'], { stdin: true, stdout: true, stderr: !tty, tty });
      session.stdin!.end('typed');
      let printed = '';
      for (const stream of [session.stdout, session.stderr]) {
        stream?.on('data', (chunk) => {
          printed += chunk;
        });
      }
      await assert.rejects(session.exit, {
        message:
          /^failed to exec in container: failed to start exec "[0-9a-f]{64}": OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in \$PATH: unknown$/,
      });
      assert.doesNotMatch(printed, /exec failed/);
      await runtime.removeSandbox(sandbox.id);
    });
  }

  test('what a program writes in the words of the runtime is its output all the same', async () => {
    const sandbox = await runtime.runSandbox(sandboxConfig('words'));
    const id = await run(sandbox.id, 'main', { command: ['sleep', '1000'] });
    const words = '{"level":"error","msg":"exec failed: no"}';
    const session = await runtime.exec(id, ['sh', '-c', `echo '${words}' >&2; exit 255`], {
      stdin: false,
      stdout: true,
      stderr: true,
      tty: false,
    });
    let printed = '';
    session.stdout!.resume();
    session.stderr!.on('data', (chunk) => {
      printed += chunk;
    });
    assert.equal(await session.exit, 255);
    await eventually('its words', () => printed === `${words}\n`);
    await runtime.removeSandbox(sandbox.id);
  });

  test('a port is reached whether it listens on the pod address or on loopback only', async () => {
    const sandbox = await runtime.runSandbox(sandboxConfig('ports'));
    const serve = (address: string) => ['sh', '-c', `echo yes >/tmp/f; exec httpd -f -p ${address} -h /tmp`];
    await run(sandbox.id, 'any', { command: serve('8080') });
    await run(sandbox.id, 'loopback', { command: serve('127.0.0.1:8081') });
    for (const port of [8080, 8081]) {
      const connection = await eventually('the listener', () => runtime.portForward(sandbox.id, port));
      let answer = '';
      connection.on('data', (chunk) => {
        answer += chunk;
      });
      connection.write('GET /f HTTP/1.0\r\n\r\n');
      await eventually('the answer', () => answer.includes('yes'));
      connection.destroy();
    }
    await assert.rejects(runtime.portForward(sandbox.id, 9), { reason: 'PortForwardError' });
    await runtime.removeSandbox(sandbox.id);
  });

  test('what the kernel kills for memory is marked so, also after a restart of the server', async () => {
    const sandbox = await runtime.runSandbox(sandboxConfig('oom'));
    const command = ['sh', '-c', 'x=a; while true; do x=$x$x; done'];
    const id = await run(sandbox.id, 'greedy', { command, resources: { memoryLimitBytes: 16 * 1024 * 1024 } });
    const status = await eventually('the kill', async () => {
      const now = await runtime.containerStatus(id);
      return now?.state === 'exited' ? now : undefined;
    });
    assert.deepEqual([status.oomKilled, status.exitCode], [true, 137]);
    runtime = await harness().restart();
    assert.equal((await runtime.containerStatus(id))?.oomKilled, true);
    await runtime.removeSandbox(sandbox.id);
  });

  test('security settings and environment are what the process sees', async () => {
    const sandbox = await runtime.runSandbox(sandboxConfig('secure', { sysctls: { 'net.core.somaxconn': '321' } }));
    const id = await run(sandbox.id, 'main', {
      command: ['sleep', '1000'],
      env: [{ name: 'TEXT', value: 'two\nlines' }],
      security: {
        privileged: false,
        runAsUser: 1000,
        runAsGroup: 2000,
        supplementalGroups: [3000],
        addCapabilities: [],
        dropCapabilities: ['ALL'],
        readOnlyRootFilesystem: true,
        noNewPrivileges: true,
        seccomp: 'Unconfined',
      },
    });
    assert.equal(await output(id, 'id'), 'uid=1000 gid=2000 groups=2000,3000');
    assert.equal(await output(id, 'echo "$TEXT"'), 'two\nlines');
    assert.equal(await output(id, 'cat /proc/sys/net/core/somaxconn'), '321');
    assert.match(
      await output(id, 'grep -E "CapBnd|NoNewPrivs|Seccomp:" /proc/self/status'),
      /CapBnd:\s0+\nNoNewPrivs:\s1\nSeccomp:\s0/,
    );
    assert.match(await output(id, 'touch /x 2>&1'), /Read-only file system/);
    await runtime.removeSandbox(sandbox.id);
  });

  test('a pod on the host network has the host as its network, and a privileged container all rights', async () => {
    const sandbox = await runtime.runSandbox(sandboxConfig('host', { network: undefined, hostPID: true }));
    assert.deepEqual(sandbox.ips, []);
    const { security } = containerConfig(sandbox.id, 'main', {});
    const id = await run(sandbox.id, 'main', {
      command: ['sleep', '1000'],
      security: { ...security, privileged: true },
    });
    assert.equal(await output(id, 'readlink /proc/self/ns/net'), readlinkSync('/proc/self/ns/net'));
    assert.equal(await output(id, 'readlink /proc/self/ns/pid'), readlinkSync('/proc/self/ns/pid'));
    assert.match(await output(id, 'grep CapEff /proc/self/status'), /[1-9a-f]/);
    await runtime.stopContainer(id, 0);
    await runtime.removeSandbox(sandbox.id);
  });

  test('mounts are where they should be, and a container may have a path with a comma', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'mnt-'));
    try {
      mkdirSync(path.join(folder, 'a,b'));
      writeFileSync(path.join(folder, 'a,b', 'file'), 'text');
      writeFileSync(path.join(folder, 'hosts'), '127.0.0.1 from-the-kubelet\n');
      const sandbox = await runtime.runSandbox(sandboxConfig('mounts'));
      const id = await run(sandbox.id, 'main', {
        command: ['sleep', '1000'],
        mounts: [
          { hostPath: path.join(folder, 'a,b'), containerPath: '/data', readOnly: true },
          { hostPath: path.join(folder, 'hosts'), containerPath: '/etc/hosts', readOnly: false },
        ],
      });
      assert.equal(await output(id, 'cat /data/file'), 'text');
      assert.match(await output(id, 'touch /data/x 2>&1'), /Read-only file system/);
      assert.equal(await output(id, 'cat /etc/hosts'), '127.0.0.1 from-the-kubelet');
      await runtime.removeSandbox(sandbox.id);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('archives are loaded plain, by gzip and by zstd; one that is cut off is told by its name', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'img-'));
    try {
      const plain = readFileSync(writeTestImages(folder)[0] as string);
      const forms = { 'a.tar': plain, 'a.tar.gz': gzipSync(plain), 'a.tar.zst': zstdCompressSync(plain) };
      for (const [name, bytes] of Object.entries(forms)) {
        writeFileSync(path.join(folder, name), bytes);
        const references = await runtime.loadImages(path.join(folder, name));
        assert.ok(references.includes('docker.io/library/busybox:1.36'), name);
      }
      const broken = path.join(folder, 'broken.tar');
      writeFileSync(broken, plain.subarray(0, plain.length / 2));
      await assert.rejects(runtime.loadImages(broken), {
        reason: 'ImageLoadError',
        message: /broken\.tar is not a whole/,
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('output lands in the log with its stream', async () => {
    const sandbox = await runtime.runSandbox(sandboxConfig('logs'));
    const id = await run(sandbox.id, 'main', { command: ['sh', '-c', 'echo out; echo err >&2; sleep 1000'] });
    const { logPath } = (await runtime.containerStatus(id))!;
    const lines = await eventually('both lines', () => {
      const read = readFileSync(logPath, 'utf8').split('\n').map(parseLogLine).filter(Boolean);
      return read.length === 2 ? read : undefined;
    });
    assert.deepEqual(lines.map((l) => `${l?.stream} ${l?.text}`).sort(), ['stderr err\n', 'stdout out\n']);
    await runtime.removeSandbox(sandbox.id);
  });

  test('a container leaves no process, no layer and no file when it is removed, even if it runs', async () => {
    const { address, dataDir, runDir } = { address: harness().address!, ...harness().directories! };
    const containerd = connectContainerd(address, systemClock);
    const snapshots = createSnapshots(containerd);
    const folders = () => readdirSync(path.join(dataDir, 'nerdctl')).sort();
    const sandbox = await runtime.runSandbox(sandboxConfig('removed'));
    try {
      const others = [folders(), await snapshots.writableLayers()] as const;
      const ended = await run(sandbox.id, 'ended', { command: ['true'] });
      const running = await run(sandbox.id, 'running', { command: ['sleep', '1000'] });
      await eventually('the end', async () => (await runtime.containerStatus(ended))?.state === 'exited');
      const layers = (await snapshots.writableLayers()).size;
      assert.deepEqual([folders().length, layers], [others[0].length + 2, others[1].size + 2]);
      await runtime.removeContainer(ended);
      await runtime.removeContainer(running);
      await runtime.removeContainer(ended);
      assert.deepEqual([folders(), await snapshots.writableLayers()], others);
      assert.deepEqual(readdirSync(path.join(runDir, 'runtime', 'tty')), []);
      assert.deepEqual(await runtime.listContainers(), []);
    } finally {
      containerd.close();
      await runtime.removeSandbox(sandbox.id);
    }
  });
});
