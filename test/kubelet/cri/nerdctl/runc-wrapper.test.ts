// What the script in runc's place makes of a bundle: what annotations say, and nothing that a pod could write.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { run } from '../../../../src/exec.ts';
import { userOf, type WrapperOptions, writeRuncWrapper } from '../../../../src/kubelet/cri/nerdctl/runc-wrapper.ts';

async function wrapped(config: object, options: WrapperOptions = {}): Promise<object> {
  const folder = mkdtempSync(path.join(tmpdir(), 'wrapper-'));
  try {
    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(path.join(bin, 'runc'), '#!/bin/sh\necho "$@"\n');
    chmodSync(path.join(bin, 'runc'), 0o755);
    writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
    const wrapper = writeRuncWrapper(path.join(folder, 'wrapper'), { hasMqueue: true, hasAppArmor: false, ...options });
    const argv = [wrapper, 'create', '--bundle', folder, 'id'];
    const { stdout } = await run(argv, { env: { PATH: `${bin}:${process.env.PATH}` } });
    const root = options.podmanRoot === undefined ? '' : `--root ${options.podmanRoot} `;
    assert.equal(stdout.trim(), `${root}create --bundle ${folder} id`);
    return JSON.parse(readFileSync(path.join(folder, 'config.json'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const bundle = (groups: number[], annotations: object, ipc: object, gid = 2) => ({
  process: {
    user: { uid: 1, gid, additionalGids: groups },
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

for (const { annotations, gid = 2, expected } of [
  { annotations: { 'io.tsukube/groups': ',4,5' }, expected: [2, 4, 5] },
  { annotations: { 'io.tsukube/groups': '' }, expected: [2] },
  { annotations: { 'io.tsukube/group': '7' }, gid: 7, expected: [7, 10] },
  { annotations: { 'io.tsukube/group': '7', 'io.tsukube/groups': ',4' }, gid: 7, expected: [7, 4] },
]) {
  test(`${JSON.stringify(annotations)} is the group ${gid} and ${JSON.stringify(expected)}`, async () => {
    const wanted = bundle(expected, annotations, { type: 'ipc' }, gid);
    const given = bundle([2, 10], annotations, { type: 'ipc' });
    assert.deepEqual(await wrapped(given), wanted);
    assert.deepEqual(userOf(JSON.stringify(given)), { uid: 1, gid, supplementalGroups: expected });
  });
}

test('without annotations a bundle stays as it is', async () => {
  const plain = bundle([2], {}, { type: 'ipc' });
  assert.deepEqual(await wrapped(plain), plain);
  assert.deepEqual(userOf(JSON.stringify(plain)), { uid: 1, gid: 2, supplementalGroups: [2] });
});

test('a bundle that names no user is run as root', () => {
  assert.deepEqual(userOf('{"process":{"user":{"uid":0,"gid":0}}}'), { uid: 0, gid: 0, supplementalGroups: [] });
});

test('message queues of the host are mounted anew where the host has them nowhere', async () => {
  const at = { destination: '/dev/mqueue' };
  const shm = { destination: '/dev/shm', type: 'bind', source: '/dev/shm', options: ['rbind', 'rw'] };
  const given = { mounts: [shm, { ...at, type: 'bind', source: '/dev/mqueue', options: ['rbind', 'rw'] }] };
  const own = { mounts: [shm, { ...at, type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] }] };
  assert.deepEqual(await wrapped(given, { hasMqueue: false }), own);
  assert.deepEqual(await wrapped(given), given);
});

test("nerdctl's hooks are taken out, unless they load a profile", async () => {
  const hook = { path: '/bin/nerdctl', args: ['nerdctl', '--hosts-dir=[/a]}'], env: ['A="]},"annotations":"]}'] };
  const annotations = { 'nerdctl/hooks': '"hooks":{"createRuntime":[1]},"annotations":' };
  const [before, after] = [{ mounts: [{ source: '"hooks":{"createRuntime":[' }] }, { annotations, linux: { x: [{}] } }];
  const given = { ...before, hooks: { createRuntime: [hook], poststop: [hook] }, ...after };
  assert.deepEqual(await wrapped(given), { ...before, ...after });
  assert.deepEqual(await wrapped(given, { hasAppArmor: true }), given);
});

test("podman's own limits and mask are taken out, and runc's state is where it is told", async () => {
  const rlimits = [{ type: 'RLIMIT_NOFILE', hard: 1048576, soft: 1048576 }];
  const annotations = { 'io.tsukube/group': '7' };
  const given = {
    process: { user: { uid: 1, gid: 0, umask: 18, additionalGids: [0, 77] }, args: [',"rlimits":[]'], rlimits },
    annotations,
  };
  const expected = {
    process: { user: { uid: 1, gid: 7, additionalGids: [7, 77] }, args: [',"rlimits":[]'] },
    annotations,
  };
  assert.deepEqual(await wrapped(given, { podmanRoot: '/run/state' }), expected);
});
