// Logs of real containers, by both ways to run them: every option of `kubectl logs`, where the files are, their rotation, and a
// container that writes as fast as it can.
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Node } from '../../src/api/types/core/v1.ts';
import { spawn } from '../../src/exec.ts';
import { dropsLastOutput } from '../../src/kubelet/cri/grpc/dropped-output.ts';
import { eventually } from '../support/eventually.ts';
import { clusterWith, type ManifestCluster } from './manifest-cluster.ts';

const POD_LOGS = '/var/log/pods';
const LINKS = '/var/log/containers';
const MAX_BYTES = 100 * 1024;
const MAX_FILES = 3;
const PIPE = 64 * 1024;
const LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z (stdout|stderr) [FP] .*$/;

const PODS = 'options,again,quick,rotates,flood,followed';
/** Of this file's pods; other clusters of this host have logs there, too. */
const ours = () => [...globSync(`${POD_LOGS}/default_{${PODS}}_*`), ...globSync(`${LINKS}/{${PODS}}_default_*`)];

/** Nothing but the end is missing, perhaps within a line. */
function assertBeginning(told: string, whole: string): void {
  const text = told.slice(0, -1);
  assert.equal(text, whole.slice(0, text.length));
}

for (const driver of ['nerdctl', 'cri']) {
  describe(`logs, with ${driver}`, { timeout: 200_000 }, () => {
    let on: ManifestCluster;
    const logs = (...args: string[]) => on.kubectl('logs', ...args);
    const linesOf = (text: string, start: string) => text.split('\n').filter((line) => line.includes(start));
    const folderOf = async (name: string) =>
      path.join(POD_LOGS, `default_${name}_${(await on.running(name)).metadata.uid}`);

    before(async () => {
      on = await clusterWith('logs', {
        settings: [
          `--container-runtime=${driver}`,
          `--container-log-max-size=${MAX_BYTES}`,
          `--container-log-max-files=${MAX_FILES}`,
        ],
        prepare: async () => undefined,
      });
    });
    after(async () => {
      await on?.remove();
      assert.deepEqual(ours(), [], 'nothing stays in /var/log');
    });

    test('are what both outputs wrote, cut, since a time, with times, one pod after another', async () => {
      await on.running('options');
      const all = await eventually('the last line', async () => {
        const text = await logs('options');
        return text.endsWith('later\n') && text;
      });
      assert.deepEqual(linesOf(all, 'out'), ['out 1', 'out 2', 'out 3']);
      assert.deepEqual(linesOf(all, 'err'), ['err 1', 'err 2', 'err 3']);
      assert.equal(await logs('options', '--tail=1'), 'later\n');
      assert.equal(await logs('options', '--tail=0'), '');
      assert.equal(await logs('options', '--limit-bytes=4'), all.slice(0, 4));
      const timed = await logs('options', '--tail=1', '--timestamps');
      assert.match(timed, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z later\n$/);
      const since = new Date(Date.parse(timed.split(' ')[0] as string) - 1_000).toISOString();
      assert.equal(await logs('options', `--since-time=${since}`), 'later\n');
      assert.equal(await logs('options', '--since=1h'), all);
      await assert.rejects(
        logs('options', '--previous'),
        /previous terminated container "main" in pod "options" not found/,
      );
      await assert.rejects(logs('options', '-c', 'none'), /container none is not valid for pod options/);
    });

    test('of the run before are kept', async () => {
      await eventually('the second run', async () => (await logs('again')) === 'run 2\n', { timeoutMs: 40_000 });
      assert.equal(await logs('again', '--previous'), 'run 1\n');
    });

    test('are whole as soon as the end is told, and a follower gets the last line', async () => {
      const expected = `${Array.from({ length: 20_000 }, (_, i) => i + 1).join('\n')}\n`;
      const { items } = await on.kubectl.json<{ items: Node[] }>('get', 'nodes');
      const [name = '', version = ''] = (items[0]?.status?.nodeInfo?.containerRuntimeVersion ?? '').split('://');
      const mayBeCut = driver === 'cri' && dropsLastOutput({ name, version });
      await on.ended('quick');
      const told = await logs('quick', '--tail=-1'); // once: what is too much is given up a moment later
      if (mayBeCut) assertBeginning(told, expected);
      else {
        assert.equal(told, expected.slice(-told.length));
        assert.match(told, /\n20000\n$/);
      }
      await on.kubectl('run', 'followed', '--image=busybox:1.36', '--restart=Never', '--', 'seq', '5000');
      await eventually(
        'its container',
        async () => !/ContainerCreating/.test(await on.kubectl('get', 'pod', 'followed')),
      );
      const followed = await logs('followed', '--follow');
      const all = expected.slice(0, expected.indexOf('\n5000\n') + '\n5000\n'.length);
      if (mayBeCut) assertBeginning(followed, all);
      else assert.equal(followed, all);
    });

    test("are in the CRI's form where collectors look for them, and go with their pod", async () => {
      const folder = await folderOf('options');
      const file = path.join(folder, 'main/0.log');
      for (const line of readFileSync(file, 'utf8').trim().split('\n')) assert.match(line, LINE);
      const [link = ''] = globSync('options_default_main-*.log', { cwd: LINKS });
      assert.equal(readlinkSync(path.join(LINKS, link)), file);
      await on.kubectl('delete', 'pod', 'options', '--now');
      await eventually('the files are gone', () => !existsSync(folder) && !existsSync(path.join(LINKS, link)));
      assert.deepEqual(globSync('options_*', { cwd: LINKS }), []);
    });

    test('are rotated by size and count, and a follower misses nothing', async () => {
      const folder = path.join(await folderOf('rotates'), 'main');
      const follower = spawn([on.kubectl.path, 'logs', 'rotates', '--follow', '--tail=1'], { env: on.kubectl.env });
      let text = '';
      follower.stdout?.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      await eventually('three files', () => readdirSync(folder).length === MAX_FILES, { timeoutMs: 30_000 });
      const first = statSync(path.join(folder, '0.log.2')).ino;
      await eventually('the oldest went', () => statSync(path.join(folder, '0.log.2')).ino !== first, {
        timeoutMs: 30_000,
      });
      await eventually('many lines', () => text.length > 200_000);
      follower.kill();
      const [begun = '', ...rest] = text.split('\n').slice(0, -1);
      let [round = 0, line = 0] = begun.split(' ').map(Number);
      for (const one of rest) {
        [round, line] = line === 6000 ? [round + 1, 1] : [round, line + 1];
        assert.equal(one, `${round} ${line}`);
      }
      assert.equal(readdirSync(folder).length, MAX_FILES);
      await on.kubectl('delete', 'pod', 'rotates', '--now');
    });

    test('of a container that writes without end take no more room than they may, and the node serves on', async () => {
      await on.kubectl('apply', '-f', path.join(import.meta.dirname, 'testdata/logs/later/flood.yaml'));
      const folder = path.join(await folderOf('flood'), 'main');
      const sizes = () => readdirSync(folder).map((name) => statSync(path.join(folder, name)).size);
      await eventually('it is rotated', () => sizes().length === MAX_FILES, { timeoutMs: 30_000 });
      // nerdctl's files are closed at once, a chunk of the pipe later; the runtime's own a second later, however much came.
      if (driver === 'nerdctl') for (const size of sizes()) assert.ok(size <= MAX_BYTES + 3 * PIPE, `${size} bytes`);
      assert.equal(await on.kubectl('exec', 'again', '--', 'echo', 'serves'), 'serves\n');
      assert.match(await logs('flood', '--tail=1'), /^all work and no play .*\n$/);
      const { items } = await on.kubectl.json<{ items: Node[] }>('get', 'nodes');
      const ready = items[0]?.status?.conditions?.find(({ type }) => type === 'Ready');
      assert.equal(ready?.status, 'True');
      await on.kubectl('delete', 'pod', 'flood', '--now');
      await eventually('its files are gone', () => !existsSync(folder));
    });
  });
}
