// Bad input to the program: one clear sentence and a non-zero exit, no stack trace, nothing half-written.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RunError, run, spawn } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';

const PROGRAM = [process.execPath, path.join(import.meta.dirname, '../../bin/run.js')];

/** What `tsukube <args>` said when it refused. */
async function refusal(...args: string[]): Promise<string> {
  const error = await run([...PROGRAM, ...args], { timeout: 20_000 }).then(
    () => undefined,
    (e: unknown) => e,
  );
  assert.ok(error instanceof RunError, `${args.join(' ')} should have been refused`);
  assert.ok((error.exitCode ?? 0) > 0, `exit code ${error.exitCode}`);
  assert.doesNotMatch(error.output, /^\s+at .*:\d+:\d+\)?$/m, 'a stack trace');
  return error.output;
}

describe('the program refuses', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'tsk-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const api = (name: string) => [
    'server',
    '--components=apiserver',
    `--data-dir=${folder}/${name}`,
    `--run-dir=${folder}/${name}-run`,
    `--write-kubeconfig=${folder}/kc`,
  ];
  const write = (name: string, content: string | Uint8Array): string => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  };

  test('an unknown flag', async () => assert.match(await refusal('server', '--wrong'), /--wrong/));
  test('an unknown command', async () => assert.match(await refusal('serve'), /serve/));
  test('a malformed value', async () =>
    assert.match(await refusal(...api('a'), '--port=many'), /--port: "many" must be a port/));
  test('a malformed config file', async () => {
    const file = write('bad.yaml', 'port: [1\n');
    assert.match(await refusal(...api('a'), `--config=${file}`), /bad\.yaml/);
  });
  test('a taken port, naming who holds it', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as { port: number };
    try {
      assert.match(
        await refusal(...api('a'), `--port=${port}`),
        new RegExp(`port ${port} of the API is taken by .*process ${process.pid}`),
      );
    } finally {
      holder.close();
    }
  });
  test('a file that is no database, and leaves it as it is', async () => {
    write('b/state.db', 'this is no database, it is a letter to a friend '.repeat(100));
    assert.match(await refusal(...api('b'), '--port=16999'), /state\.db/);
  });
  test('a broken key', async () => {
    write('c/pki/ca.crt', 'nonsense');
    write('c/pki/ca.key', 'nonsense');
    assert.match(await refusal(...api('c'), '--port=16999'), /ca\.(crt|key)/);
  });
  test('another range of Service addresses than the cluster was made with', async () => {
    const [first, other] = ['10.97.0.0/24', '10.98.0.0/24'].map((cidr) => [
      ...api('d'),
      '--port=16998',
      `--service-cidr=${cidr}`,
    ]);
    const child = spawn([...PROGRAM, ...(first as string[])]);
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await eventually('it is up', () => said.includes('tsukube is up'), { timeoutMs: 20_000 });
    child.kill();
    await once(child, 'exit');
    assert.match(await refusal(...(other as string[])), /its API is at 10\.97\.0\.1, not 10\.98\.0\.1.*--service-cidr/);
  });
  test('an image archive that is none', async () => {
    assert.match(await refusal('image', 'load', path.join(folder, 'absent.tar')), /there is no file/);
  });
  test('to uninstall unasked', async () =>
    assert.match(await refusal('uninstall', `--data-dir=${folder}/none`, `--run-dir=${folder}/none`), /--yes/));
  test('to show the status of nothing', async () =>
    assert.match(await refusal('status', `--run-dir=${folder}/none`), /no server runs/));
});

describe('a running server', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await createCluster();
    writeFileSync(path.join(cluster.dataDir, 'images', 'broken.tar'), 'not an archive');
    await cluster.start();
  });
  after(() => cluster.remove());

  test('skips a broken archive in its images folder and says so', () => {
    assert.match(cluster.output(), /broken\.tar/);
    assert.doesNotMatch(cluster.output(), /^\s+at .*:\d+:\d+\)?$/m);
  });
  test('refuses a second one on its directories', async () => {
    assert.match(
      await refusal('server', ...cluster.settings),
      new RegExp(`a server runs already \\(process ${cluster.pid()}`),
    );
  });
  test('refuses a second one on its data directory alone', async () => {
    const told = await refusal(
      'server',
      '--components=apiserver',
      `--data-dir=${cluster.dataDir}`,
      `--run-dir=${cluster.folder}/other`,
      '--port=16999',
      `--write-kubeconfig=${cluster.folder}/other-kc`,
    );
    assert.match(told, new RegExp(`process ${cluster.pid()}|${cluster.pid()}`));
  });
  test('answers malformed requests with a Status', async () => {
    const error = await cluster.kubectl
      .withInput('{"kind":"Pod"', 'create', '--raw', '/api/v1/namespaces/default/pods', '-f', '-')
      .then(
        () => undefined,
        (e: RunError) => e,
      );
    assert.match(error?.output ?? '', /BadRequest|unexpected/i);
  });
});
