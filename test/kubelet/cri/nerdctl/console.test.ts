// A container's console with a test in the place of containerd's shim: this process writes what a container would.
import assert from 'node:assert/strict';
import { constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { LABEL_CONSOLE, LABEL_CONSOLE_STREAMS } from '../../../../src/kubelet/cri/labels.ts';
import {
  attachConsole,
  type ConsoleSettings,
  consoleOf,
  consoleStreams,
  makeConsole,
  openRequest,
  outputId,
  removeConsole,
  taskStreams,
} from '../../../../src/kubelet/cri/nerdctl/console.ts';
import { createOutputs, type Outputs } from '../../../../src/kubelet/cri/nerdctl/outputs.ts';
import type { ExecSession } from '../../../../src/kubelet/cri/runtime.ts';
import { DEFAULT_LOG_LIMITS } from '../../../../src/kubelet/logs/log-file.ts';
import { silentLogger } from '../../../../src/log.ts';
import { eventually } from '../../../support/eventually.ts';
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts';

describe('a console', { timeout: 20_000 }, () => {
  let directory: string;
  let folder: string;
  let asked: string[];
  let outputs: Outputs;
  let exit: () => void;
  let exited: Promise<void>;
  let clock: FakeClock;
  /** Of containers, unless a test says otherwise: long ago. */
  let startedAt: number;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'tty-'));
    folder = path.join(directory, 'c');
    outputs = createOutputs({ socket: path.join(directory, 'output.sock'), log: silentLogger });
    asked = [];
    clock = fakeClock();
    startedAt = clock.now() - 60_000;
    ({ promise: exited, resolve: exit } = Promise.withResolvers<void>());
  });
  afterEach(() => {
    outputs.close();
    removeConsole(settings());
    rmSync(directory, { recursive: true, force: true });
  });

  const settings = (change: Partial<ConsoleSettings> = {}): ConsoleSettings => ({
    folder,
    stdin: true,
    stdinOnce: false,
    tty: false,
    ...change,
  });
  const logFile = () => path.join(directory, '0.log');
  const attach = (of: ConsoleSettings, stdin = of.stdin) =>
    attachConsole({
      containerId: 'id',
      settings: of,
      outputs,
      streams: { stdin, stdout: true, stderr: true, tty: of.tty },
      clock,
      startedAt,
      exited,
      onError: (error) => asked.push(String(error)),
      tasks: {
        resize: async (_, columns, rows) => void asked.push(`resize ${columns} ${rows}`),
        closeStdin: async () => void asked.push('closeStdin'),
      },
    });

  /** The shim's side: the streams opened for writing, stdin for both, so that it never ends by itself. */
  async function start(of: ConsoleSettings) {
    await makeConsole(of);
    await outputs.open(openRequest(of, logFile(), DEFAULT_LOG_LIMITS));
    const streams = taskStreams(of);
    const [stdout, stderr] = await Promise.all(
      [streams.stdout, streams.stderr].filter(Boolean).map((file) => open(file, 'w')),
    );
    const stdin = of.stdin ? await open(streams.stdin, constants.O_RDWR) : undefined;
    return { stdin, stdout: stdout as FileHandle, stderr };
  }
  const screenOf = (stream: NodeJS.ReadableStream | undefined) => {
    const screen = { text: '' };
    stream?.on('data', (chunk) => {
      screen.text += chunk;
    });
    return screen;
  };

  test('passes output on as it comes to everyone attached, and writes it to the log a line at a time', async () => {
    const shim = await start(settings());
    const [a, b] = await Promise.all([attach(settings()), attach(settings(), false)]);
    const screens = [screenOf(a.stdout), screenOf(b.stdout)];
    const errors = screenOf(a.stderr);
    b.stderr?.resume();
    await shim.stdout.write('prompt> ');
    await eventually('the prompt', () => screens.every((screen) => screen.text === 'prompt> '));
    await shim.stdout.write('é\nrest');
    await shim.stderr?.write('oops\n');
    await eventually('stderr', () => errors.text === 'oops\n');
    await shim.stdout.close();
    await shim.stderr?.close();
    exit();
    assert.deepEqual(await Promise.all([a.exit, b.exit]), [0, 0]);
    assert.deepEqual(
      screens.map((screen) => screen.text),
      ['prompt> é\nrest', 'prompt> é\nrest'],
    );
    const lines = readFileSync(logFile(), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.slice(line.indexOf(' ') + 1));
    assert.deepEqual(lines.sort(), ['stderr F oops', 'stdout F prompt> é', 'stdout F rest']);
    await shim.stdin?.close();
  });

  test('a reader that does not read holds the container up, and leaving lets it go on', async () => {
    const shim = await start(settings({ tty: true, stdin: false }));
    const lazy = await attach(settings({ tty: true, stdin: false }));
    const all = Buffer.alloc(8 * 1024 * 1024, `${'x'.repeat(99)}\n`);
    let written = false;
    const writing = shim.stdout.writeFile(all).then(() => {
      written = true;
    });
    await eventually('the log stops growing', async () => {
      const size = () => readFileSync(logFile(), { flag: 'a+' }).length;
      const before = size();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return before > 0 && size() === before;
    });
    assert.equal(written, false);
    lazy.close();
    await writing;
    await shim.stdout.close();
  });

  test('input goes to the container; with stdinOnce its end is told to containerd, but not of a terminal', async () => {
    for (const [tty, told] of [
      [false, ['closeStdin']],
      [true, ['resize 80 24']],
    ] as const) {
      asked = [];
      const of = settings({ stdinOnce: true, tty });
      const shim = await start(of);
      const session = await attach(of);
      session.resize(80, 24); // without a terminal there is nothing to size
      session.stdin?.end('typed\n');
      const { buffer, bytesRead } = await (shim.stdin as FileHandle).read();
      assert.equal(buffer.toString('utf8', 0, bytesRead), 'typed\n');
      await eventually('what containerd is asked', () => assert.deepEqual(asked, told) === undefined);
      session.close();
      await session.exit;
      for (const handle of Object.values(shim)) await handle?.close();
      await outputs.ended(outputId(of));
      removeConsole(of);
    }
  });

  test('there is no input where the container has none, or none any more', async () => {
    const shim = await start(settings());
    await shim.stdin?.close();
    const session = await attach(settings());
    assert.equal(session.stdin, undefined);
    session.close();
    const outputOnly = await attach(settings({ stdin: false }), true);
    assert.equal(outputOnly.stdin, undefined);
    outputOnly.close();
    await shim.stdout.close();
    await shim.stderr?.close();
    await eventually('the end of the process', () =>
      assert
        .rejects(attach(settings()), { reason: 'AttachError', message: /output of the container has ended/ })
        .then(() => true),
    );
  });

  test('input waits for a shim that has just been started to open its end, and no longer than that may take', async () => {
    const shim = await start(settings());
    await shim.stdin?.close();
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 20) await clock.advance(20);
    };
    /** Lets time pass in steps until it is settled. */
    const passing = async (attaching: Promise<ExecSession>): Promise<ExecSession> => {
      let session: ExecSession | undefined;
      void attaching.then((one) => {
        session = one;
      });
      return eventually('the attach', async () => {
        await clock.advance(20);
        return session;
      });
    };
    startedAt = clock.now();
    const early = attach(settings());
    assert.equal(await Promise.race([early, pass(500)]), undefined);
    const reader = await open(taskStreams(settings()).stdin, constants.O_RDWR);
    const session = await passing(early);
    session.stdin?.write('typed');
    const { buffer, bytesRead } = await reader.read();
    assert.equal(buffer.toString('utf8', 0, bytesRead), 'typed');
    session.close();
    await session.exit;
    await reader.close();

    startedAt = clock.now();
    const closed = await passing(attach(settings()));
    assert.equal(closed.stdin, undefined);
    assert.ok(clock.now() - startedAt >= 2_000);
    closed.close();

    startedAt = clock.now();
    const ending = attach(settings());
    exit();
    assert.equal((await passing(ending)).stdin, undefined);
    assert.ok(clock.now() - startedAt <= 200, 'nobody opens the stdin of one that has ended');
    for (const end of [shim.stdout, shim.stderr]) await end?.close();
  });

  test('is found again by the labels of its container', () => {
    for (const one of [settings(), settings({ stdinOnce: true }), settings({ stdin: false, tty: true })]) {
      const labels = { [LABEL_CONSOLE]: one.folder, [LABEL_CONSOLE_STREAMS]: consoleStreams(one) };
      assert.deepEqual(consoleOf(labels), one);
    }
  });
});
