// The process that reads containers' output, with shells in the containers' place: it writes logs, serves readers, is brought back
// when it dies, and ends when nobody needs it.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createOutputs, type Outputs } from '../../../../src/kubelet/cri/nerdctl/outputs.ts';
import { DEFAULT_LOG_LIMITS } from '../../../../src/kubelet/logs/log-file.ts';
import { silentLogger } from '../../../../src/log.ts';

let folder: string;
let outputs: Outputs;
const socket = () => path.join(folder, 'output.sock');
const start = () => createOutputs({ socket: socket(), log: silentLogger });

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'out-'));
  outputs = start();
});
afterEach(async () => {
  outputs.close();
  await gone();
  rmSync(folder, { recursive: true });
});

/** The process that listens here, by its argument. */
function program(): number | undefined {
  try {
    const pids = execFileSync('pgrep', ['-f', socket()], { encoding: 'utf8' }).trim().split('\n').map(Number);
    return pids.find((pid) => pid !== process.pid);
  } catch {
    return undefined;
  }
}

async function gone(): Promise<void> {
  while (program() !== undefined) await new Promise(setImmediate);
}

function request(id: string) {
  const fifo = path.join(folder, `${id}.fifo`);
  if (!existsSync(fifo)) execFileSync('mkfifo', [fifo]);
  const log = path.join(folder, 'logs', `${id}.log`);
  const streams = [{ stream: 'stdout' as const, fifo }];
  return { type: 'open' as const, id, log, limits: DEFAULT_LOG_LIMITS, streams };
}

/** Holds both ends open as containerd's shim does, and writes. */
function shim(id: string) {
  const fifo = path.join(folder, `${id}.fifo`);
  const fd = openSync(fifo, constants.O_RDWR);
  return {
    write: (script: string) =>
      new Promise((resolve) => spawn('sh', ['-c', script], { stdio: ['ignore', fd, 'inherit'] }).once('exit', resolve)),
    end: () => closeSync(fd),
  };
}

const texts = (id: string) =>
  readFileSync(path.join(folder, 'logs', `${id}.log`), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').slice(3).join(' '));

describe('the output of containers', () => {
  test('of one that a killed server had opened, and whose start was cut short, is waited for no longer', {
    timeout: 10_000,
  }, async () => {
    await outputs.open(request('cut'));
    outputs.close();
    outputs = start();
    assert.ok(program());
    outputs.forget('cut');
    await gone();
    outputs.forget('cut');
    assert.equal(program(), undefined, 'nothing is started to forget something');
  });

  test('is in the log when it has ended, of several side by side', async () => {
    await Promise.all(['a', 'b'].map((id) => outputs.open(request(id))));
    await Promise.all(
      ['a', 'b'].map(async (id) => {
        const writer = shim(id);
        await writer.write(`for i in 1 2 3; do echo ${id}$i; done`);
        writer.end();
        await outputs.ended(id);
        assert.deepEqual(
          texts(id),
          [1, 2, 3].map((i) => `${id}${i}`),
        );
      }),
    );
    await outputs.ended('unknown');
  });

  test('comes to whoever is attached, from then on', async () => {
    await outputs.open(request('a'));
    const writer = shim('a');
    const reader = await outputs.attach('a', 'stdout');
    await writer.write('printf "no line end"');
    const [chunk] = await new Promise<[Buffer]>((resolve) => reader.once('data', (data: Buffer) => resolve([data])));
    assert.equal(chunk.toString(), 'no line end');
    const ended = new Promise((resolve) => reader.once('end', resolve));
    writer.end();
    await ended;
    await assert.rejects(outputs.attach('a', 'stdout'), { reason: 'AttachError' });
  });

  test('waits for a process that died, which is brought back', async () => {
    await outputs.open(request('a'));
    const writer = shim('a');
    await writer.write('echo before');
    const reader = await outputs.attach('a', 'stdout');
    await writer.write('echo heard');
    await new Promise((resolve) => reader.once('data', resolve)); // so that it is written
    process.kill(program() as number, 'SIGKILL');
    await writer.write('echo meanwhile');
    await outputs.open(request('b')); // one more makes sure that it is back
    outputs.forget('b');
    writer.end();
    await outputs.ended('a');
    assert.deepEqual(texts('a'), ['before', 'heard', 'meanwhile']);
  });

  test('is read on while no server is there, and the next one hears its end', async () => {
    await outputs.open(request('a'));
    const writer = shim('a');
    outputs.close();
    await writer.write('echo alone');
    outputs = start();
    await outputs.adopt([request('a')]);
    writer.end();
    await outputs.ended('a');
    assert.deepEqual(texts('a'), ['alone']);
  });

  test('of a container that did not start is not waited for', async () => {
    await outputs.open(request('a'));
    outputs.forget('a');
    await outputs.ended('a');
  });

  test('starts no program once the driver has stopped', async () => {
    await outputs.open(request('a'));
    outputs.forget('a');
    await outputs.ended('a');
    outputs.close();
    await gone();
    await assert.rejects(outputs.open(request('b')), { message: 'the runtime driver is stopped' });
    assert.equal(program(), undefined);
  });

  test('that cannot be written is told', async () => {
    const wrong = { ...request('a'), log: path.join(folder, 'a.fifo', 'a.log') };
    await assert.rejects(outputs.open(wrong), {
      reason: 'RunContainerError',
      message: /its log cannot be written: (ENOTDIR|EEXIST)/,
    });
  });
});
