// What the script in runc's place makes of a bundle: what annotations say, and nothing that a pod could write.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { run } from '../../../../src/exec.ts';
import { writeRuncWrapper } from '../../../../src/kubelet/cri/nerdctl/runc-wrapper.ts';

async function wrapped(config: object): Promise<object> {
  const folder = mkdtempSync(path.join(tmpdir(), 'wrapper-'));
  try {
    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(path.join(bin, 'runc'), '#!/bin/sh\necho "$@"\n');
    chmodSync(path.join(bin, 'runc'), 0o755);
    writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
    const argv = [writeRuncWrapper(path.join(folder, 'wrapper')), 'create', '--bundle', folder, 'id'];
    const { stdout } = await run(argv, { env: { PATH: `${bin}:${process.env.PATH}` } });
    assert.equal(stdout.trim(), `create --bundle ${folder} id`);
    return JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const bundle = (groups: number[], annotations: object, ipc: object) => ({
  process: {
    user: { uid: 1, gid: 2, additionalGids: groups },
    args: ['sh', '"additionalGids":[7]"io.tsukube/groups":"8"', '"io.tsukube/ipc":"/x"'],
  },
  annotations,
  linux: { namespaces: [{ type: 'pid' }, ipc] },
});

test('a bundle joins the IPC namespace of its annotation', async () => {
  const annotations = { 'io.tsukube/ipc': '/run/s1/ipc' };
  const joined = bundle([2, 10], annotations, { type: 'ipc', path: '/run/s1/ipc' });
  assert.deepEqual(await wrapped(bundle([2, 10], annotations, { type: 'ipc' })), joined);
});

for (const { groups, expected } of [
  { groups: '4,5', expected: [4, 5] },
  { groups: '', expected: [] },
]) {
  test(`a bundle has no groups but ${JSON.stringify(expected)}`, async () => {
    const annotations = { 'io.tsukube/groups': groups };
    const alone = bundle(expected, annotations, { type: 'ipc' });
    assert.deepEqual(await wrapped(bundle([2, 10], annotations, { type: 'ipc' })), alone);
  });
}

test('without annotations a bundle stays as it is', async () => {
  const plain = bundle([2], {}, { type: 'ipc' });
  assert.deepEqual(await wrapped(plain), plain);
});
