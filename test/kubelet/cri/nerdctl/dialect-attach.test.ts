// Attaching over an engine's HTTP, with a server of the test's own in the engine's place; real ones are in ../attach.test.ts.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { run } from '../../../../src/exec.ts';
import { engineSocket } from '../../../../src/kubelet/cri/docker/engine-socket.ts';
import { commandLine } from '../../../../src/kubelet/cri/nerdctl/cli.ts';
import { createDialectAttach, parted } from '../../../../src/kubelet/cri/nerdctl/dialect-attach.ts';
import { createPodmanService } from '../../../../src/kubelet/cri/podman/service.ts';
import { eventually } from '../../../support/eventually.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'attach-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const piece = (stream: number, body: string): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt8(stream, 0);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, Buffer.from(body)]);
};

describe('the pieces of an attached connection', () => {
  test('come to their streams whole, however they are cut', async () => {
    const bytes = Buffer.concat([piece(1, 'out'), piece(2, 'wrong'), piece(1, ''), piece(1, ' and more')]);
    for (let size = 1; size <= bytes.length; size++) {
      const connection = new PassThrough();
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      parted(connection, (stream) => (stream === 2 ? stderr : stdout));
      for (let at = 0; at < bytes.length; at += size) connection.write(bytes.subarray(at, at + size));
      connection.end();
      await new Promise((resolve) => connection.once('end', resolve));
      for (const stream of [stdout, stderr]) stream.end();
      assert.deepEqual([await text(stdout), await text(stderr)], ['out and more', 'wrong']);
    }
  });

  test('wait while who reads them does not', async () => {
    const connection = new PassThrough({ highWaterMark: 1 });
    const stdout = new PassThrough({ highWaterMark: 1 });
    parted(connection, () => stdout);
    connection.write(piece(1, 'first'));
    connection.write(piece(1, 'second'));
    await eventually('a pause', () => connection.isPaused());
    const read = text(stdout);
    connection.end();
    connection.once('end', () => stdout.end());
    assert.equal(await read, 'firstsecond');
  });
});

describe('an engine that is asked to attach', () => {
  let server: Server;
  const socketPath = () => path.join(folder, 'engine.sock');
  afterEach(() => server?.close());
  const listen = (made: Server) => {
    server = made;
    return new Promise<void>((resolve) => server.listen(socketPath(), resolve));
  };
  const attach = (tty = false, onError = (_: unknown) => {}) =>
    createDialectAttach(async () => socketPath())({
      containerId: 'c1',
      settings: { folder: '', stdin: true, stdinOnce: true, tty },
      streams: { stdin: true, stdout: true, stderr: !tty, tty },
      onError,
    });

  test('is asked for the streams that are wanted, and told of the end of stdin', async () => {
    const heard: string[] = [];
    const made = createServer().on('upgrade', ({ url }, socket: Socket) => {
      socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
      heard.push(url ?? '');
      socket.on('data', (chunk) => heard.push(String(chunk)));
      socket.on('end', () => socket.end(piece(2, 'bye')));
    });
    await listen(made);
    const session = await attach();
    session.stdin!.end('typed');
    assert.equal(await text(session.stderr!), 'bye');
    assert.equal(await session.exit, 0);
    assert.deepEqual(heard, ['/containers/c1/attach?stream=1&stdin=1&stdout=1&stderr=1', 'typed']);
  });

  test('that refuses is told in its words', async () => {
    const answer = { status: 409, body: '{"message":"container c1 is paused"}' };
    await listen(
      createServer().on('upgrade', (_, socket: Socket) => {
        socket.end(`HTTP/1.1 ${answer.status} No\r\nContent-Length: ${answer.body.length}\r\n\r\n${answer.body}`);
      }),
    );
    await assert.rejects(attach(), { reason: 'AttachError', message: 'the engine says: container c1 is paused' });
    Object.assign(answer, { status: 500, body: '' });
    await assert.rejects(attach(), { reason: 'AttachError', message: 'the engine says: HTTP status 500' });
  });

  test('that is not there is told', () =>
    assert.rejects(attach(), { reason: 'AttachError', message: /connect ENOENT .*engine\.sock/ }));

  test('a size that it does not take is told, and ends nothing', async () => {
    const made = createServer((_, response) => response.writeHead(500).end('no terminal'));
    made.on('upgrade', (_, socket: Socket) =>
      socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nprompt'),
    );
    await listen(made);
    const errors: unknown[] = [];
    const session = await attach(true, (error) => errors.push(error));
    session.resize(80, 24);
    await eventually('the refusal', () => /the engine says: no terminal/.test(String(errors[0])));
    session.close();
    assert.equal(await session.exit, 0);
    assert.equal(await text(session.stdout!), 'prompt');
  });
});

describe('the socket to attach by', () => {
  const program = (script: string) => {
    const file = path.join(folder, 'program');
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return commandLine((args) => [file, ...args]);
  };

  test("docker's is that of its settings, and refused on another machine", async () => {
    assert.equal(await engineSocket(program('echo unix:///run/user/1/docker.sock')), '/run/user/1/docker.sock');
    await assert.rejects(engineSocket(program('echo tcp://10.0.0.1:2375')), {
      reason: 'AttachError',
      message: "docker's engine is at tcp://10.0.0.1:2375: kubectl attach needs one at a UNIX socket",
    });
  });

  test("podman's service begins when it is asked for, once, and again when it has ended", async () => {
    const podman = program(
      `echo begun >>"${folder}/begun"; echo 'msg="API service listening on x"' >&2; read -r _ <"${folder}/end"`,
    );
    await run(['mkfifo', path.join(folder, 'end')]);
    const times = () => readFileSync(path.join(folder, 'begun'), 'utf8').trim().split('\n').length;
    const service = createPodmanService(podman, folder);
    assert.deepEqual(await Promise.all([service.socket(), service.socket()]), [
      path.join(folder, 'api.sock'),
      path.join(folder, 'api.sock'),
    ]);
    assert.equal(times(), 1);
    writeFileSync(path.join(folder, 'end'), 'now\n');
    await eventually('another', async () => (await service.socket()) && times() === 2);
    service.close();
  });

  test("podman's service that does not begin says why, and is tried again", async () => {
    const service = createPodmanService(program('echo "cannot listen" >&2; exit 125'), folder);
    const refused = { reason: 'AttachError', message: "podman's service did not begin: cannot listen" };
    await assert.rejects(service.socket(), refused);
    await assert.rejects(service.socket(), refused);
    const absent = createPodmanService(
      commandLine(() => [path.join(folder, 'absent')]),
      folder,
    );
    for (const _ of [1, 2]) await assert.rejects(absent.socket(), { reason: 'AttachError', message: /ENOENT/ });
  });
});
