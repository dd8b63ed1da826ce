// exec and port-forward over SPDY, without the server around them: a runtime that echoes, and a client of our own.
import assert from 'node:assert/strict';
import { type Duplex, duplexPair, PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { type ExecSession, RuntimeError } from '../../../src/kubelet/cri/runtime.ts';
import { serveSpdyExec } from '../../../src/kubelet/server/spdy-exec.ts';
import { serveSpdyPortForward } from '../../../src/kubelet/server/spdy-port-forward.ts';
import { eventually } from '../../support/eventually.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { spdyClient } from './client.ts';

/** Repeats its input on stdout, says bye on stderr and ends with the code. */
function echo(exitCode: number) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const exit = Promise.withResolvers<number>();
  const sizes: string[] = [];
  let closed = false;
  stdin.pipe(stdout);
  stdout.on('end', () => {
    stderr.end('bye');
    exit.resolve(exitCode);
  });
  const session: ExecSession = {
    stdin,
    stdout,
    stderr,
    resize: (columns, rows) => void sizes.push(`${columns}x${rows}`),
    exit: exit.promise,
    close() {
      closed = true;
      exit.resolve(137);
    },
  };
  return { session, sizes, isClosed: () => closed };
}

const wanted = { stdin: true, stdout: true, stderr: true, tty: false };

function exec(options: { protocol?: string; tty?: boolean; start: () => Promise<ExecSession> }) {
  const [near, far] = duplexPair();
  const clock = fakeClock();
  const served = serveSpdyExec({
    transport: near as Duplex,
    protocol: options.protocol ?? 'v4.channel.k8s.io',
    wanted: { ...wanted, tty: options.tty ?? false },
    clock,
    start: options.start,
  });
  const client = spdyClient(far as Duplex);
  const open = (type: string) => client.open({ streamType: type });
  return { served, client, clock, open };
}

describe('exec over SPDY', () => {
  for (const { protocol, code, told } of [
    { protocol: 'v4.channel.k8s.io', code: 0, told: /"status":"Success"/ },
    { protocol: 'v4.channel.k8s.io', code: 7, told: /"reason":"ExitCode","message":"7"/ },
    { protocol: 'v2.channel.k8s.io', code: 0, told: /^$/ },
    { protocol: 'channel.k8s.io', code: 7, told: /^command terminated with non-zero exit code: exit status 7$/ },
  ]) {
    test(`${protocol} carries all streams and tells of code ${code}`, async () => {
      const { served, client, open } = exec({ protocol, start: async () => echo(code).session });
      const error = await open('error');
      const stdin = await open('stdin');
      const stdout = await open('stdout');
      const stderr = await open('stderr');
      stdin.write('typed');
      stdin.end();
      assert.equal(await stdout.whole(), 'typed');
      assert.equal(await stderr.whole(), 'bye');
      assert.match(await error.whole(), told);
      client.close();
      await served;
    });
  }

  test('a terminal is resized', async () => {
    const { session, sizes } = echo(0);
    const { served, client, open } = exec({ tty: true, start: async () => session });
    for (const type of ['error', 'stdout', 'stderr']) await open(type);
    const stdin = await open('stdin');
    const resize = await open('resize');
    resize.write('{"Width":80,"Height":24}\n');
    await eventually('the size', () => sizes[0]);
    assert.deepEqual(sizes, ['80x24']);
    stdin.end();
    client.close();
    await served;
  });

  test('a command that cannot start is told of on the error stream', async () => {
    const start = () => Promise.reject(new RuntimeError('ExecError', 'no such file'));
    const { served, client, open } = exec({ start });
    const error = await open('error');
    for (const type of ['stdin', 'stdout', 'stderr']) await open(type);
    assert.match(await error.whole(), /error executing command in container: no such file/);
    client.close();
    await served;
  });

  test('a client that goes away ends the session', async () => {
    const { session, isClosed } = echo(0);
    const { served, client, open } = exec({ start: async () => session });
    for (const type of ['error', 'stdin', 'stdout', 'stderr']) await open(type);
    client.close();
    await eventually('the end', isClosed);
    await served;
  });

  test('streams that do not come are not waited for longer than 30 s', async () => {
    const { served, client, clock, open } = exec({ start: async () => assert.fail('started') });
    await open('error');
    const refused = assert.rejects(served, /timed out waiting for client to create streams/);
    await clock.advance(30_000);
    await refused;
    client.close();
  });
});

function portForward(connect: (port: number) => Promise<Duplex>) {
  const [near, far] = duplexPair();
  const clock = fakeClock();
  const served = serveSpdyPortForward(near as Duplex, { clock, pod: 'default/web', connect });
  const client = spdyClient(far as Duplex);
  const pair = async (id: string, port = '80') => {
    const headers = { port, ...(id ? { requestID: id } : {}) };
    const error = await client.open({ ...headers, streamType: 'error' }, { fin: true });
    const data = await client.open({ ...headers, streamType: 'data' });
    return { error, data };
  };
  return { served, client, clock, pair };
}

describe('port-forward over SPDY', () => {
  test('joins each pair of streams with a connection of its own', async () => {
    const ports: number[] = [];
    const { served, client, pair } = portForward(async (port) => {
      ports.push(port);
      return new PassThrough();
    });
    const [one, two] = [await pair('0', '80'), await pair('1', '81')];
    one.data.write('one');
    two.data.write('two');
    two.data.end();
    one.data.end();
    assert.deepEqual([await one.data.whole(), await two.data.whole()], ['one', 'two']);
    assert.deepEqual([await one.error.whole(), await two.error.whole()], ['', '']);
    assert.deepEqual(ports, [80, 81]);
    client.close();
    await served;
  });

  test('tells why a port cannot be reached, and goes on with others', async () => {
    const { served, client, pair } = portForward(async (port) => {
      if (port === 1) throw new Error('connection refused');
      return new PassThrough();
    });
    const refused = await pair('0', '1');
    assert.equal(await refused.error.whole(), 'error forwarding port 1 to pod default/web: connection refused');
    await refused.data.whole();
    assert.ok(refused.data.reset);
    const other = await pair('1');
    other.data.write('still here');
    other.data.end();
    assert.equal(await other.data.whole(), 'still here');
    client.close();
    await served;
  });

  test('closes the connection into the pod when the client resets its stream', async () => {
    const connection = new PassThrough();
    const { served, client, pair } = portForward(async () => connection);
    const { data, error } = await pair('0');
    data.write('x');
    await eventually('the text', () => data.text === 'x');
    data.cancel();
    assert.equal(await error.whole(), '');
    assert.ok(connection.destroyed);
    client.close();
    await served;
  });

  test('pairs streams without a request id by their order', async () => {
    const { served, client, pair } = portForward(async () => new PassThrough());
    const { data } = await pair('');
    data.write('old client');
    data.end();
    assert.equal(await data.whole(), 'old client');
    client.close();
    await served;
  });

  for (const headers of [
    { streamType: 'data', requestID: '0', port: '' },
    { streamType: 'data', requestID: '0', port: '70000' },
    { streamType: 'other', requestID: '0', port: '80' },
  ]) {
    test(`resets a stream with ${JSON.stringify(headers)}`, async () => {
      const { served, client } = portForward(async () => assert.fail('connected'));
      const stream = await client.open(headers);
      await stream.whole();
      assert.ok(stream.reset);
      client.close();
      await served;
    });
  }

  test('does not wait for the other stream of a pair for longer than 30 s', async () => {
    const { served, client, clock } = portForward(async () => assert.fail('connected'));
    const error = await client.open({ streamType: 'error', requestID: '5', port: '80' }, { fin: true });
    await eventually('the reply', () => error.replied);
    await clock.advance(30_000);
    assert.match(await error.whole(), /request 5: timed out waiting for streams/);
    client.close();
    await served;
  });
});
