// What a server leaves that was killed while nerdctl made a container for it.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createContainerTable } from '../../../../src/kubelet/cri/container-table.ts';
import { LABEL_CONSOLE, LABEL_LOG } from '../../../../src/kubelet/cri/labels.ts';
import { type ContainerProcesses, createContainers } from '../../../../src/kubelet/cri/nerdctl/containers.ts';
import { createTaskProcesses } from '../../../../src/kubelet/cri/nerdctl/processes.ts';
import { openSandboxRecords, type SandboxRecord } from '../../../../src/kubelet/cri/nerdctl/records.ts';
import { createPodLogs } from '../../../../src/kubelet/cri/pod-logs.ts';
import { type ContainerStatus, RuntimeError } from '../../../../src/kubelet/cri/runtime.ts';
import { DEFAULT_LOG_LIMITS } from '../../../../src/kubelet/logs/log-file.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { containerConfig, sandboxConfig } from '../configs.ts';

const unused = () => assert.fail('not asked for');
const pod = { namespace: 'default', name: 'web', uid: 'u1' };
const listed = (id: string, state: ContainerStatus['state']): ContainerStatus => ({
  id,
  sandboxId: 's1',
  name: 'main',
  attempt: 0,
  pod,
  state,
  createdAt: 1,
  startedAt: 0,
  finishedAt: 0,
  oomKilled: false,
  image: 'busybox',
  imageId: 'sha256:1',
  logPath: '',
  labels: { [LABEL_CONSOLE]: `/tty/${id}` },
});

describe('what was cut short', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'strays-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** `create` is what nerdctl does when it is asked to make a container, whose console is `/tty/new`. */
  function bed(create: () => Promise<string>, console = '/tty/new') {
    const removed: string[] = [];
    const table = createContainerTable({ emit() {}, onOom() {}, wasOomKilled: () => false });
    const records = openSandboxRecords(path.join(directory, 'records'));
    const config = sandboxConfig('web');
    records.put({
      id: 's1',
      pod,
      attempt: 0,
      state: 'ready',
      createdAt: 1,
      ips: [],
      config,
      cgroup: 'x',
    } as SandboxRecord);
    const processes: ContainerProcesses = {
      prepare: async () => ({
        console: { folder: console, stdin: false, stdinOnce: false, tty: false },
        ownArgs: [],
      }),
      start: unused,
      remove: async (id) => void removed.push(id),
      removed: ({ labels }) => void removed.push(labels[LABEL_CONSOLE] ?? ''),
    };
    const containers = createContainers({
      nerdctl: { argv: unused, run: async () => ({ stdout: `${await create()}\n`, stderr: '' }) },
      records,
      table,
      images: {
        imageStatus: async () => ({ id: 'i', repoTags: [], repoDigests: [], size: 1, entrypoint: [], cmd: [] }),
      },
      clock: fakeClock(),
      runcRoot: directory,
      processes,
      imageMounts: { resolve: async (mounts) => ({ mounts: [...mounts], labels: {} }) },
      logs: createPodLogs(path.join(directory, 'pods')),
      synced: async () => {},
    });
    const ids = async (...statuses: ContainerStatus[]) =>
      (await containers.withoutStrays(statuses)).map(({ id }) => id);
    return { containers, table, removed, ids };
  }

  test('a container that a nerdctl made for another server is removed, unless it has started', async () => {
    const { table, removed, ids } = bed(unused);
    table.add(listed('known', 'created'));
    assert.deepEqual(
      await ids(
        listed('known', 'created'),
        listed('stray', 'created'),
        listed('runs', 'running'),
        listed('e', 'exited'),
      ),
      ['known', 'runs', 'e'],
    );
    assert.deepEqual(removed, ['stray', '/tty/stray']);
  });

  test('one that is being made is not', async () => {
    const made = Promise.withResolvers<string>();
    const { containers, removed, ids } = bed(() => made.promise);
    const making = containers.createContainer(containerConfig('s1', 'main'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(await ids(listed('new', 'created')), ['new']);
    made.resolve('new');
    assert.equal(await making, 'new');
    assert.deepEqual(await ids(listed('new', 'created')), ['new']);
    assert.deepEqual(removed, []);
  });

  test('where containers have no consoles, one that is being made is known by its log', async () => {
    const made = new Map(['a', 'b'].map((name) => [name, Promise.withResolvers<string>()]));
    const results = [...made.values()];
    const { containers, removed, ids } = bed(() => (results.shift() as PromiseWithResolvers<string>).promise, '');
    const logOf = (name: string) => path.join(directory, 'pods', `default_web_u1/${name}/0.log`);
    const found = (id: string, name: string) => ({
      ...listed(id, 'created'),
      labels: { [LABEL_CONSOLE]: '', [LABEL_LOG]: logOf(name) },
    });
    const making = ['a', 'b'].map((name) => containers.createContainer(containerConfig('s1', name)));
    await new Promise((resolve) => setImmediate(resolve));
    made.get('a')?.resolve('id-a');
    await making[0];
    assert.deepEqual(await ids(found('id-a', 'a'), found('id-b', 'b'), found('stray', 'c')), ['id-a', 'id-b']);
    assert.deepEqual(removed, ['stray', '']);
    made.get('b')?.resolve('id-b');
    await making[1];
  });

  test('one that could not be made leaves no folders', async () => {
    const { containers, removed } = bed(() =>
      Promise.reject(new RuntimeError('CreateContainerError', 'no containerd')),
    );
    await assert.rejects(containers.createContainer(containerConfig('s1', 'main')), { message: 'no containerd' });
    assert.deepEqual(removed, ['/tty/new']);
  });

  test('folders of containers that nobody makes are removed, those of nerdctl itself and of one being made are not', async () => {
    const [consoles, dataRoot] = [path.join(directory, 'tty'), path.join(directory, 'data')];
    const forgotten: string[] = [];
    const outputs = {
      prepare() {},
      open: unused,
      adopt: unused,
      forget: (id: string) => void forgotten.push(id),
      ended: unused,
      attach: unused,
      close: unused,
    };
    const processes = createTaskProcesses({
      nerdctl: { argv: unused, run: unused },
      tasks: { start: unused, remove: unused },
      outputs,
      clock: fakeClock(),
      logLimits: DEFAULT_LOG_LIMITS,
      consoles,
      dataRoot,
      runtime: 'runc',
    });
    processes.removeUnmade([]); // nothing was ever made
    const [made, unmade, outlived] = ['00000000000a', '00000000000b', '00000000000c'];
    for (const name of [made, unmade]) mkdirSync(path.join(consoles, name), { recursive: true });
    for (const name of [made, unmade, outlived, 'cni']) mkdirSync(path.join(dataRoot, name), { recursive: true });
    const { console } = await processes.prepare(containerConfig('s1', 'main'), '');
    const making = path.basename(console.folder);
    processes.removeUnmade([{ ...listed('x', 'running'), labels: { [LABEL_CONSOLE]: path.join(consoles, made) } }]);
    assert.deepEqual(readdirSync(consoles).sort(), [made, making].sort());
    assert.deepEqual(readdirSync(dataRoot).sort(), [made, 'cni']);
    processes.removed({ labels: { [LABEL_CONSOLE]: console.folder } });
    assert.deepEqual(readdirSync(consoles), [made]);
    assert.deepEqual(forgotten.sort(), [unmade, outlived, making].sort());
  });
});
