import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lease } from '../../src/api/types/coordination/v1.ts';
import type { Node, Pod } from '../../src/api/types/core/v1.ts';
import { statusPatch } from '../../src/kubelet/status/status-writer.ts';
import { condition, withKubelet } from './kubelet-bed.ts';

test('the node is registered, ready, and renews its lease without writing its status again', () =>
  withKubelet({}, async ({ api, clock, start, until }) => {
    await start();
    await until('told', () => api.object<Node>('nodes', undefined, 'node-1')?.status?.conditions?.length);
    const node = api.object<Node>('nodes', undefined, 'node-1');
    assert.equal(node?.metadata.labels?.['kubernetes.io/os'], 'linux');
    assert.deepEqual(
      node?.status?.conditions?.map((c) => `${c.type}=${c.status} ${c.reason}`),
      [
        'MemoryPressure=False KubeletHasSufficientMemory',
        'DiskPressure=False KubeletHasNoDiskPressure',
        'PIDPressure=False KubeletHasSufficientPID',
        'Ready=True KubeletReady',
      ],
    );
    assert.equal(node?.status?.capacity?.pods, '110');
    assert.equal(node?.status?.addresses?.[0]?.address, '192.0.2.1');
    assert.match(node?.status?.nodeInfo?.kubeletVersion ?? '', /^v1\.36\.3\+tsukube$/);
    const lease = () => api.object<Lease>('leases', 'kube-node-lease', 'node-1');
    await until('lease', () => lease());
    assert.equal(lease()?.spec?.leaseDurationSeconds, 40);
    const first = lease()?.spec?.renewTime;
    const writes = () => api.requests.filter((r) => r.includes('/nodes/node-1/status')).length;
    const before = writes();
    await clock.advance(10_000);
    await until('renewed', () => lease()?.spec?.renewTime !== first);
    assert.equal(writes(), before);
    await clock.advance(300_000);
    await until('told again after five minutes', () => writes() === before + 1);
  }));

test('a preStop hook runs before the stop signal and uses up the same grace', () => {
  const asked: string[] = [];
  const exec = (command: readonly string[]) => {
    asked.push(command.join(' '));
    return { exitCode: 0 };
  };
  return withKubelet({ container: () => ({ exec }) }, async ({ api, put, pod, start, until, told }) => {
    await start();
    const lifecycle = { preStop: { exec: { command: ['drain', 'now'] } } };
    put('web', {
      spec: { containers: [{ name: 'main', image: 'example', imagePullPolicy: 'IfNotPresent', lifecycle }] },
    });
    await until('ready', () => condition(pod('web'), 'Ready')?.status === 'True');
    assert.deepEqual(asked, []);
    remove(api, 'web', 30);
    await until('gone', () => pod('web') === undefined);
    assert.deepEqual(asked, ['drain now']);
    assert.ok(!told.some((t) => t.includes('FailedPreStopHook')));
  });
});

test('a postStart hook that fails ends the container', () =>
  withKubelet(
    { container: () => ({ exec: () => ({ exitCode: 1 }) }) },
    async ({ container, put, start, told, until }) => {
      await start();
      const lifecycle = { postStart: { exec: { command: ['warm'] } } };
      put('web', {
        spec: { containers: [{ name: 'main', image: 'example', imagePullPolicy: 'IfNotPresent', lifecycle }] },
      });
      await until('failed', () => told.includes('Warning FailedPostStartHook PostStartHook failed'));
      await until('said', () => container('web', 'main')?.state?.waiting !== undefined);
    },
  ));

test('a deletion made more urgent does not wait for the first grace', () =>
  withKubelet({ container: () => ({ stopLatencyMs: Number.POSITIVE_INFINITY }) }, async (bed) => {
    const { api, clock, pod, put, start, until } = bed;
    await start();
    put('deaf');
    await until('running', () => pod('deaf')?.status?.phase === 'Running');
    remove(api, 'deaf', 600);
    await clock.advance(5000);
    assert.ok(pod('deaf'));
    remove(api, 'deaf', 1);
    await clock.advance(2500);
    await until('gone', () => pod('deaf') === undefined);
  }));

test('a pod that is deleted while its container starts leaves none behind', () =>
  withKubelet(
    { container: () => ({ startLatencyMs: 1000 }) },
    async ({ api, clock, pod, put, runtime, start, until }) => {
      await start();
      put('web');
      await until('created', async () => (await runtime.listContainers()).length === 1);
      remove(api, 'web', 30);
      await clock.advance(2000);
      await until('gone', () => pod('web') === undefined);
      assert.deepEqual(await runtime.listContainers(), []);
      assert.deepEqual(await runtime.listSandboxes(), []);
    },
  ));

const remove = (api: Parameters<Parameters<typeof withKubelet>[1]>[0]['api'], name: string, seconds: number) =>
  api.change<Pod>('pods', 'default', name, (pod) => {
    pod.metadata.deletionTimestamp = '2026-01-01T00:10:00Z';
    pod.metadata.deletionGracePeriodSeconds = seconds;
  });

test('a status patch names what changed, and what is gone', () => {
  const pod = { metadata: { uid: 'u' } } as Pod;
  const ready = { type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'm' };
  const before = {
    phase: 'Pending',
    message: 'wait',
    conditions: [ready, { type: 'Old', status: 'True' }],
    podIPs: [{ ip: '1' }],
  } as const;
  const next = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], podIPs: [{ ip: '2' }] } as const;
  assert.deepEqual(statusPatch(pod, before as never, next as never), {
    metadata: { uid: 'u' },
    status: {
      phase: 'Running',
      message: null,
      conditions: [
        { type: 'Ready', status: 'True', reason: null, message: null },
        { $patch: 'delete', type: 'Old' },
      ],
      podIPs: [{ ip: '2' }, { $patch: 'delete', ip: '1' }],
    },
  });
  assert.equal(statusPatch(pod, next as never, next as never), undefined);
});

test('a status that could not be written is written later', () =>
  withKubelet({}, async ({ api, clock, pod, put, start, until }) => {
    await start();
    let failures = 2;
    api.fail((request) =>
      request.path.endsWith('/pods/web/status') && failures-- > 0 ? new Error('broken') : undefined,
    );
    put('web');
    for (let i = 0; i < 5; i++) await clock.advance(200);
    await until('ready', () => condition(pod('web'), 'Ready')?.status === 'True');
  }));
