// Attaching to real containers: terminals, stdin and its end, several at once, and what survives the server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { parseLogLine } from '../../../src/kubelet/cri/log-line.ts';
import type { ContainerConfig, ExecSession, Runtime } from '../../../src/kubelet/cri/runtime.ts';
import { eventually } from '../../support/eventually.ts';
import { containerConfig, sandboxConfig } from './configs.ts';
import { type Harness, hostSnapshot, subjects } from './harness.ts';

const ALL = { stdin: true, stdout: true, stderr: true, tty: false };
const TERMINAL = { stdin: true, stdout: true, stderr: false, tty: true };

/** What a session shows, as it grows. */
function screenOf(session: ExecSession): { text(): string } {
  let text = '';
  for (const stream of [session.stdout, session.stderr]) {
    stream?.on('data', (chunk) => {
      text += chunk;
    });
  }
  return { text: () => text };
}

for (const subject of subjects.filter(({ name }) => ['nerdctl', 'podman', 'docker'].includes(name))) {
  describe(`attach by ${subject.name}`, { skip: subject.unavailable ?? false, timeout: 60_000 }, () => {
    let harness: Harness;
    let runtime: Runtime;
    let hostBefore: string[];
    let sandboxId: string;
    before(async () => {
      hostBefore = hostSnapshot();
      harness = await subject.open();
      runtime = harness.runtime;
      const sandbox = await runtime.runSandbox(sandboxConfig('attached'));
      sandboxId = sandbox.id;
    });
    after(async () => {
      await harness?.close();
      await eventually('the host as it was', () => assert.deepEqual(hostSnapshot(), hostBefore) === undefined);
    });

    const run = async (name: string, command: readonly string[], change: Partial<ContainerConfig>) => {
      const id = await runtime.createContainer(containerConfig(sandboxId, name, { command, stdin: true, ...change }));
      await runtime.startContainer(id);
      return id;
    };
    const state = async (id: string) => (await runtime.containerStatus(id))?.state;

    test('a terminal has a prompt, a size and signals; detaching leaves it running, also across a restart', async () => {
      const id = await run('shell', ['sh'], { tty: true, stdinOnce: true });
      const first = await runtime.attach(id, TERMINAL);
      const screen = screenOf(first);
      first.resize(101, 41);
      first.stdin!.write('echo one-$((1+1))\n');
      await eventually('the answer and the next prompt', () => {
        assert.match(screen.text(), /one-2\r\n[^\n]*# /);
        return true;
      });
      await eventually('the size', () => {
        first.stdin!.write('stty size\n');
        return screen.text().includes('41 101');
      });
      first.stdin!.write('sleep 1000\n');
      await eventually('the command', async () =>
        String((await runtime.execSync(id, ['ps', '-o', 'args'], 5_000)).stdout).includes('sleep 1000'),
      );
      first.stdin!.write('\x03');
      first.stdin!.write('echo after=$?\n');
      await eventually('the interrupt', () => screen.text().includes('after=130'));
      first.close();
      assert.equal(await first.exit, 0);
      assert.equal(await state(id), 'running');

      runtime = await harness.restart();
      const second = await runtime.attach(id, TERMINAL);
      const again = screenOf(second);
      second.stdin!.write('echo three-$((1+2))\n');
      await eventually('the answer after the restart', () => again.text().includes('three-3\r\n'));
      second.stdin!.write('exit 4\n');
      assert.equal(await second.exit, 0, 'the end of an attach is a success');
      await eventually('its code', async () => (await runtime.containerStatus(id))?.exitCode === 4);
    });

    test('everyone attached sees the output, and any of them may write', async () => {
      const id = await run('cat', ['cat'], {});
      const sessions = await Promise.all([runtime.attach(id, ALL), runtime.attach(id, ALL)]);
      const screens = sessions.map(screenOf);
      sessions[0]!.stdin!.write('ping\n');
      sessions[1]!.stdin!.write('pong\n');
      await eventually('both lines on both', () =>
        screens.every((s) => /ping/.test(s.text()) && /pong/.test(s.text())),
      );
      sessions[0]!.stdin!.end();
      if (subject.name === 'docker') {
        sessions[1]!.close(); // ends stdin, and so the container, as `docker create` has no other way
        assert.equal(await sessions[0]!.exit, 0);
        return;
      }
      sessions[1]!.close();
      assert.equal(await state(id), 'running', 'stdin stays open for the next');
      const third = await runtime.attach(id, ALL);
      const screen = screenOf(third);
      third.stdin!.write('more\n');
      await eventually('the third', () => screen.text() === 'more\n');
      await runtime.stopContainer(id, 0);
      assert.equal(await third.exit, 0);
    });

    test('with stdinOnce the end of the first attach is the end of stdin, and no byte is lost', async () => {
      const id = await run('once', ['sh', '-c', 'wc -c; echo done >&2; sleep 1000'], { stdinOnce: true });
      const session = await runtime.attach(id, ALL);
      const screen = screenOf(session);
      session.stdin!.end(Buffer.alloc(1_000_000, 'x'));
      await eventually('the count', () => screen.text().includes('1000000\n') && screen.text().includes('done\n'));
      const late = await runtime.attach(id, ALL);
      if (subject.name === 'nerdctl') assert.equal(late.stdin, undefined, 'a later attach has only output');
      late.close();
      await runtime.stopContainer(id, 0);
      await session.exit;
    });

    test('all output is in the log with its stream once the container has ended', async () => {
      const id = await run('logged', ['sh', '-c', 'echo out; echo err >&2; printf rest'], {});
      await eventually('the end', async () => (await state(id)) === 'exited');
      const { logPath } = (await runtime.containerStatus(id))!;
      const lines = readFileSync(logPath, 'utf8').split('\n').map(parseLogLine).filter(Boolean);
      assert.deepEqual(lines.map((l) => `${l?.stream} ${l?.text.trimEnd()}`).sort(), [
        'stderr err',
        'stdout out',
        'stdout rest',
      ]);
    });

    test('without stdin there is the output as it comes, whether or not input was meant to be sent', async () => {
      const id = await run('plain', ['sh', '-c', 'while true; do printf tick; sleep 0.1; done'], { stdin: false });
      for (const stdin of [false, true]) {
        const session = await runtime.attach(id, { ...ALL, stdin });
        assert.equal(session.stdin, undefined);
        const screen = screenOf(session);
        await eventually('a line', () => screen.text().includes('tick'));
        session.close();
        await session.exit;
      }
    });

    test('a command that does not exist is told with a terminal too', async () => {
      await assert.rejects(run('typo', ['nope'], { tty: true }), {
        reason: 'RunContainerError',
        message: /exec: "nope": executable file not found in \$PATH/,
      });
    });
  });
}
