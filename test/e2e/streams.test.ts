// Streams into real containers, by both ways to run them, through the API server: every protocol over WebSocket, much data, ends.
// test/e2e/kubectl.test.ts and pods.test.ts have what kubectl does with them, over SPDY too.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';
import { openChannels } from './channels.ts';
import { clusterWith, type ManifestCluster } from './manifest-cluster.ts';

const MEGABYTE = 1024 * 1024;

for (const driver of ['nerdctl', 'cri']) {
  describe(`streams, with ${driver}`, { timeout: 150_000 }, () => {
    let on: ManifestCluster;
    let folder: string;
    const execute = (protocol: string, command: readonly string[], flags = 'stdout=1&stderr=1') => {
      const query = `${flags}&${command.map((word) => `command=${encodeURIComponent(word)}`).join('&')}`;
      return openChannels(on.kubectl, 'shell/exec', { protocol, query });
    };
    before(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'streams-'));
      on = await clusterWith('streams', {
        settings: [`--container-runtime=${driver}`],
        prepare: async () => undefined,
      });
      await Promise.all(['shell', 'repeats'].map(on.running));
    });
    after(async () => {
      rmSync(folder, { recursive: true });
      await on?.remove();
    });

    for (const protocol of [
      'v5.channel.k8s.io',
      'v4.channel.k8s.io',
      'v4.base64.channel.k8s.io',
      'channel.k8s.io',
      'base64.channel.k8s.io',
    ]) {
      test(`exec over ${protocol}: input, both outputs, the outcome`, async () => {
        const script = 'read -r line; echo "heard $line"; echo wrong >&2; exit 7';
        const { send, text, closed } = await execute(protocol, ['sh', '-c', script], 'stdin=1&stdout=1&stderr=1');
        send(0, 'hello\n');
        await closed;
        assert.deepEqual(text.slice(0, 3), ['', 'heard hello\n', 'wrong\n']);
        assert.match(
          text[3] as string,
          protocol.startsWith('v') ? /"reason":"ExitCode","message":"7"/ : /exit status 7/,
        );
      });
    }

    test('a terminal has the size of the client’s, from the start and when it changes', async () => {
      const script = 'trap "stty size" WINCH; stty size; while true; do sleep 0.1; done';
      const { socket, send, text } = await execute(
        'v5.channel.k8s.io',
        ['sh', '-c', `sleep 0.5; ${script}`],
        'stdin=1&stdout=1&tty=1',
      );
      send(4, '{"Width":100,"Height":30}');
      await eventually('the first size', () => text[1]?.includes('30 100'));
      send(4, '{"Width":120,"Height":40}');
      await eventually('the second size', () => text[1]?.includes('40 120'));
      socket.close();
    });

    test('megabytes go in and out whole and in order', async () => {
      const [given, back] = [path.join(folder, 'given'), path.join(folder, 'back')];
      writeFileSync(given, randomBytes(24 * MEGABYTE));
      await on.kubectl('cp', given, 'shell:/tmp/file');
      await on.kubectl('cp', 'shell:/tmp/file', back);
      const hash = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
      assert.equal(hash(back), hash(given));
      const { text, closed } = await execute('v5.channel.k8s.io', ['seq', '1000000']);
      await closed;
      const expected = createHash('sha256').update(Array.from({ length: 1_000_000 }, (_, i) => `${i + 1}\n`).join(''));
      assert.equal(
        createHash('sha256')
          .update(text[1] as string)
          .digest('hex'),
        expected.digest('hex'),
      );
    });

    test('the end of input is told, and a client that goes away ends its command', async () => {
      const counted = await run([on.kubectl.path, 'exec', '-i', 'shell', '--', 'wc', '-c'], {
        env: on.kubectl.env,
        input: 'x'.repeat(100_000),
      });
      assert.equal(counted.stdout, '100000\n');
      const { socket } = await execute('v5.channel.k8s.io', ['sleep', '4242']);
      const isThere = async () => (await on.kubectl('exec', 'shell', '--', 'ps')).includes('sleep 4242');
      await eventually('the command', isThere);
      socket.terminate();
      await eventually('its end', async () => !(await isThere()));
    });

    test('attach: what is typed and both outputs, from now on, again after the client went', async () => {
      for (const word of ['one', 'two']) {
        const query = 'stdin=1&stdout=1&stderr=1';
        const { socket, send, text } = await openChannels(on.kubectl, 'repeats/attach', {
          protocol: 'v5.channel.k8s.io',
          query,
        });
        send(0, `${word}\n`);
        await eventually('the echo', () => text[1] === `heard ${word}\n` && text[2] === `twice ${word}\n`);
        socket.close();
      }
      assert.equal(
        (await on.kubectl('logs', 'repeats')).split('\n').toSorted().join(' '),
        ' heard one heard two twice one twice two',
      );
    });

    test('port-forward over channels: much data through one port, and one that refuses', async () => {
      const query = 'ports=7&ports=9';
      const { socket, send, text } = await openChannels(on.kubectl, 'shell/portforward', {
        protocol: 'v4.channel.k8s.io',
        query,
      });
      const expected = Array.from({ length: 200_000 }, (_, i) => `line ${i}\n`).join('');
      for (let at = 0; at < expected.length; at += 30_000) send(0, expected.slice(at, at + 30_000));
      await eventually('all of it', () => text[0]?.length === expected.length + 2);
      assert.equal(text[0]?.slice(2), expected);
      assert.match(text[3]?.slice(2) ?? '', /^error forwarding port 9 to pod default\/shell: .*refused/i);
      socket.close();
    });
  });
}
