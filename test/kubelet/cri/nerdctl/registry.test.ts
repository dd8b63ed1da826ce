// Pulls from real registries: open, with a password, with its own CA behind a mirror's name, and down.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RunError, run } from '../../../../src/exec.ts';
import type { Runtime } from '../../../../src/kubelet/cri/runtime.ts';
import { eventually } from '../../../support/eventually.ts';
import { freePort, type Registry, startRegistry, USER, whyNoRegistry } from '../../../support/registry.ts';
import { type Harness, hostSnapshot, subjects } from '../harness.ts';

const subject = subjects.find((s) => s.name === 'nerdctl')!;
const PROGRAM = [process.execPath, path.join(import.meta.dirname, '../../../../bin/run.js')];
const skip = subject.unavailable ?? whyNoRegistry() ?? false;

describe('images from registries', { skip, timeout: 120_000 }, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'registries-'));
  const settings = path.join(folder, 'settings');
  const kinds: Record<'open' | 'password' | 'tls', Registry> = {} as never;
  let harness: Harness;
  let runtime: Runtime;
  let hostBefore: string[];

  before(async () => {
    hostBefore = hostSnapshot();
    mkdirSync(settings);
    for (const kind of ['open', 'password', 'tls'] as const) kinds[kind] = await startRegistry(folder, kind);
    harness = await subject.open({ registries: settings });
    runtime = harness.runtime;
    const name = `${kinds.open.host}/team/app:1`;
    await run(harness.nerdctl!(['tag', 'busybox:1.36', name]));
    await run(harness.nerdctl!(['push', name]));
    await runtime.removeImage(name);
  });
  after(async () => {
    await harness?.close();
    for (const registry of Object.values(kinds)) await registry.close();
    rmSync(folder, { recursive: true });
    await eventually('the host as it was', () => assert.deepEqual(hostSnapshot(), hostBefore) === undefined);
  });

  /** Pulls, looks, removes. */
  async function pulled(image: string, credential?: typeof USER): Promise<boolean> {
    assert.equal(await runtime.imageStatus(image), undefined);
    await runtime.pullImage(image, credential ? { credential } : {});
    const status = await runtime.imageStatus(image);
    await runtime.removeImage(image);
    return status !== undefined;
  }
  const mirror = (registry: string, lines: readonly string[]) => {
    mkdirSync(path.join(settings, registry), { recursive: true });
    writeFileSync(path.join(settings, registry, 'hosts.toml'), `${lines.join('\n')}\n`);
  };

  test('an open one, by tag and by digest', async () => {
    const name = `${kinds.open.host}/team/app`;
    await runtime.pullImage(`${name}:1`);
    const digest = (await runtime.imageStatus(`${name}:1`))?.repoDigests.find((d) => d.startsWith(name));
    assert.match(digest ?? '', /@sha256:[0-9a-f]{64}$/);
    await runtime.removeImage(`${name}:1`);
    assert.ok(await pulled(digest as string));
    assert.ok(await pulled((digest as string).replace('@', ':1@')));
  });

  test('one with a password', async () => {
    const image = `${kinds.password.host}/team/app:1`;
    assert.ok(await pulled(image, USER));
    for (const credential of [undefined, { ...USER, password: 'wrong' }]) {
      await assert.rejects(pulled(image, credential), (error: Error & { reason: string }) => {
        assert.equal(error.reason, 'ErrImagePull');
        assert.match(error.message, /authoriz|denied/);
        assert.equal(JSON.stringify([error.message, error.stack]).includes('wrong'), false);
        return true;
      });
    }
  });

  test("one with a password that stands in the node's settings", async () => {
    const auth = Buffer.from(`${USER.username}:${USER.password}`).toString('base64');
    const file = path.join(settings, 'config.json');
    writeFileSync(file, JSON.stringify({ auths: { [kinds.password.host]: { auth } } }));
    try {
      assert.ok(await pulled(`${kinds.password.host}/team/app:1`));
      mirror('mirrored.example.test', [`server = "http://${kinds.password.host}"`]);
      const other = { username: 'for', password: 'another' };
      assert.ok(await pulled('mirrored.example.test/team/app:1', other), "a mirror has the node's, not the image's");
    } finally {
      rmSync(file);
    }
  });

  test('one with its own authority, behind another name', async () => {
    const image = 'registry.example.test/team/app:1';
    const server = `server = "https://${kinds.tls.host}"`;
    mirror('registry.example.test', [server]);
    await assert.rejects(pulled(image), { reason: 'ErrImagePull', message: /certificate signed by unknown authority/ });
    mirror('registry.example.test', [server, `ca = "${kinds.tls.ca}"`]);
    assert.ok(await pulled(image));
  });

  test('a mirror is asked first, and the next when it is down', async () => {
    mirror('two.example.test', [
      `server = "http://${kinds.open.host}"`,
      `[host."http://127.0.0.1:${await freePort()}"]`,
      'capabilities = ["pull", "resolve"]',
    ]);
    assert.ok(await pulled('two.example.test/team/app:1'));
  });

  test('one that is down, and an image that is not there, are told', async () => {
    const down = `127.0.0.1:${await freePort()}`;
    await assert.rejects(pulled(`${down}/team/app:1`), { reason: 'ErrImagePull', message: /connection refused/ });
    const absent = { reason: 'ErrImagePull', message: /team\/none:1: not found/ };
    await assert.rejects(pulled(`${kinds.open.host}/team/none:1`), absent);
  });

  test("an image that somebody else's nerdctl pulled is told", async () => {
    const name = `${kinds.open.host}/team/app:1`;
    const told = Promise.withResolvers<void>();
    const stop = runtime.onImage((reference) => reference === name && told.resolve());
    await run(harness.nerdctl!(['pull', name]));
    await told.promise;
    stop();
    assert.ok(await runtime.imageStatus(name));
    await runtime.removeImage(name);
  });

  test('tsukube image pull, list, remove and prune', async () => {
    const { dataDir, runDir } = harness.directories!;
    const env = { TSUKUBE_DATA_DIR: dataDir, TSUKUBE_RUN_DIR: runDir, TSUKUBE_REGISTRIES: settings };
    const image = async (...args: string[]) => (await run([...PROGRAM, 'image', ...args], { env })).stdout;
    const refusal = async (...args: string[]) => {
      const error = await image(...args).catch((e: unknown) => e);
      assert.ok(error instanceof RunError, `${args.join(' ')} should have been refused, and said ${error}`);
      assert.doesNotMatch(error.output, /^\s+at .*:\d+:\d+\)?$/m, 'a stack trace');
      return error.output;
    };
    const name = `${kinds.password.host}/team/app:1`;
    assert.match(await refusal('pull', name), /pull access denied/);
    const auth = Buffer.from(`${USER.username}:${USER.password}`).toString('base64');
    writeFileSync(path.join(settings, 'config.json'), JSON.stringify({ auths: { [kinds.password.host]: { auth } } }));
    const [told] = JSON.parse(await image('pull', name, '--json'));
    assert.equal(told.image, name);
    assert.match(told.id, /^sha256:[0-9a-f]{64}$/);
    assert.ok((await image('list')).includes(name));
    assert.equal(await image('remove', name), `removed ${name}\n`);
    assert.ok((await refusal('remove', name)).includes(`there is no image "${name}" on this node`));
    assert.match(await refusal('pull', 'No Such'), /"No Such" is not the name of an image: write it as/);
    await image('pull', name);
    const pruned = JSON.parse(await image('prune', '--json')) as string[];
    assert.ok(pruned.includes(name) && pruned.includes('docker.io/library/busybox:1.36'), pruned.join());
    assert.equal(await image('prune'), 'every image is used by a container\n');
  });

  test('no password stays on the disk', () => {
    assert.deepEqual(readdirSync(path.join(harness.directories!.runDir, 'runtime', 'logins')), []);
  });
});
