import assert from 'node:assert/strict';
import { test } from 'node:test';
import { condition, withKubelet } from './kubelet-bed.ts';

const container = (name: string, more: object = {}) => ({
  name,
  image: 'example',
  imagePullPolicy: 'IfNotPresent' as const,
  ...more,
});

test('a pod goes from Pending to Running and Ready, and is deleted with its grace', () =>
  withKubelet({}, async ({ api, put, pod, runtime, start, until, told }) => {
    await start();
    put('web');
    await until('ready', () => condition(pod('web'), 'Ready')?.status === 'True');
    const status = pod('web')?.status;
    assert.equal(status?.phase, 'Running');
    assert.equal(status?.hostIP, '192.0.2.1');
    assert.equal(status?.podIP, status?.podIPs?.[0]?.ip);
    assert.equal(status?.qosClass, 'BestEffort');
    assert.deepEqual(
      status?.conditions?.map((c) => `${c.type}=${c.status}`),
      ['PodReadyToStartContainers=True', 'Initialized=True', 'Ready=True', 'ContainersReady=True', 'PodScheduled=True'],
    );
    assert.match(status?.containerStatuses?.[0]?.containerID ?? '', /^simulated:\/\/[0-9a-f]{64}$/);
    assert.deepEqual(told, [
      'Normal Pulled Container image "example" already present on machine and can be accessed by the pod',
      'Normal Created Container created',
      'Normal Started Container started',
    ]);
    api.change('pods', 'default', 'web', (object) => {
      object.metadata.deletionTimestamp = '2026-01-01T00:00:30Z';
      object.metadata.deletionGracePeriodSeconds = 30;
    });
    await until('gone', () => pod('web') === undefined);
    assert.deepEqual(await runtime.listSandboxes(), []);
    assert.deepEqual(await runtime.listContainers(), []);
    assert.ok(told.includes('Normal Killing Stopping container main'));
  }));

test('a container that ignores the stop signal is killed when the grace is over', () =>
  withKubelet({ container: () => ({ stopLatencyMs: Number.POSITIVE_INFINITY }) }, async (bed) => {
    const { api, clock, put, pod, start, until } = bed;
    await start();
    put('deaf');
    await until('running', () => pod('deaf')?.status?.phase === 'Running');
    api.change('pods', 'default', 'deaf', (object) => {
      object.metadata.deletionTimestamp = '2026-01-01T00:00:05Z';
      object.metadata.deletionGracePeriodSeconds = 5;
    });
    await clock.advance(4900);
    assert.ok(pod('deaf'), 'still there within its grace');
    await clock.advance(200);
    await until('gone', () => pod('deaf') === undefined);
  }));

test('a container that keeps failing is restarted after 10, 20 and 40 s', () =>
  withKubelet({ container: () => ({ exitAfterMs: 100, exitCode: 3 }) }, async (bed) => {
    const { clock, container: statusOf, put, start, until } = bed;
    await start();
    put('crash');
    const count = () => statusOf('crash', 'main')?.restartCount;
    const waits = () => statusOf('crash', 'main')?.state?.waiting;
    await until('started', () => statusOf('crash', 'main')?.state?.running);
    await clock.advance(150);
    await until('restarted at once', () => count() === 1);
    for (const [restarts, seconds] of [
      [2, 10],
      [3, 20],
      [4, 40],
    ] as const) {
      await until('started', () => statusOf('crash', 'main')?.state?.running);
      await clock.advance(150);
      await until('backing off', () => waits()?.reason === 'CrashLoopBackOff');
      assert.match(
        waits()?.message ?? '',
        new RegExp(`^back-off ${seconds}s restarting failed container=main pod=crash_default`),
      );
      assert.equal(statusOf('crash', 'main')?.lastState?.terminated?.exitCode, 3);
      await clock.advance(seconds * 1000 - 1000);
      assert.equal(count(), restarts - 1);
      await clock.advance(1000);
      await until(`restart ${restarts}`, () => count() === restarts);
    }
    assert.equal((await bed.runtime.listContainers()).length, 2, 'older dead containers are removed');
  }));

for (const { exitCode, restartPolicy, phase } of [
  { exitCode: 0, restartPolicy: 'Never', phase: 'Succeeded' },
  { exitCode: 1, restartPolicy: 'Never', phase: 'Failed' },
  { exitCode: 0, restartPolicy: 'OnFailure', phase: 'Succeeded' },
] as const) {
  test(`restartPolicy ${restartPolicy} and exit code ${exitCode} end in ${phase}`, () =>
    withKubelet(
      { container: () => ({ exitAfterMs: 100, exitCode }) },
      async ({ clock, put, pod, start, until, runtime }) => {
        await start();
        put('job', { spec: { restartPolicy } });
        await until('running', () => pod('job')?.status?.phase === 'Running');
        await clock.advance(200);
        await until(phase, () => pod('job')?.status?.phase === phase);
        const terminated = pod('job')?.status?.containerStatuses?.[0]?.state?.terminated;
        assert.equal(terminated?.exitCode, exitCode);
        assert.equal(terminated?.reason, exitCode === 0 ? 'Completed' : 'Error');
        assert.equal(condition(pod('job'), 'Ready')?.reason, phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed');
        assert.equal((await runtime.listContainers()).length, 1, 'kept for its logs');
        await until('sandbox stopped', async () => (await runtime.listSandboxes())[0]?.state === 'notReady');
      },
    ));
}

test('init containers run one after another before the others', () =>
  withKubelet(
    { container: ({ name }) => (name.startsWith('init') ? { exitAfterMs: 1000 } : {}) },
    async ({ clock, container: statusOf, put, pod, start, until }) => {
      await start();
      put('app', {
        spec: { initContainers: [container('init-1'), container('init-2')], containers: [container('main')] },
      });
      await until('first runs', () => statusOf('app', 'init-1')?.state?.running);
      assert.equal(statusOf('app', 'init-2')?.state?.waiting?.reason, 'PodInitializing');
      assert.equal(statusOf('app', 'main')?.state?.waiting?.reason, 'PodInitializing');
      assert.equal(condition(pod('app'), 'Initialized')?.message, 'containers with incomplete status: [init-1 init-2]');
      await clock.advance(1000);
      await until('second runs', () => statusOf('app', 'init-2')?.state?.running);
      await clock.advance(1000);
      await until('ready', () => condition(pod('app'), 'Ready')?.status === 'True');
      assert.equal(statusOf('app', 'init-1')?.ready, true);
    },
  ));

test('a sidecar starts before and stops after the containers that use it', () =>
  withKubelet({ container: ({ name }) => (name === 'main' ? { exitAfterMs: 1000 } : {}) }, async (bed) => {
    const { clock, container: statusOf, put, pod, start, until } = bed;
    await start();
    const sidecar = container('proxy', { restartPolicy: 'Always' });
    put('app', { spec: { restartPolicy: 'Never', initContainers: [sidecar], containers: [container('main')] } });
    await until('running', () => statusOf('app', 'main')?.state?.running);
    assert.equal(statusOf('app', 'proxy')?.started, true);
    await clock.advance(1000);
    await until('succeeded', () => pod('app')?.status?.phase === 'Succeeded');
    assert.ok(statusOf('app', 'proxy')?.state?.terminated);
  }));

test('an image that cannot be pulled waits longer each time', () =>
  withKubelet({ images: [{ reference: 'absent', present: false, pullError: 'no such host' }] }, async (bed) => {
    const { clock, container: statusOf, put, start, told, until } = bed;
    await start();
    put('web', { spec: { containers: [{ name: 'main', image: 'absent', imagePullPolicy: 'IfNotPresent' }] } });
    const waits = () => statusOf('web', 'main')?.state?.waiting;
    await until('failed', () => waits()?.reason === 'ErrImagePull' || waits()?.reason === 'ImagePullBackOff');
    await clock.advance(1000);
    bed.api.change('pods', 'default', 'web', (object) => {
      object.metadata.annotations = { looked: 'again' };
    });
    await until('backing off', () => waits()?.reason === 'ImagePullBackOff');
    assert.match(waits()?.message ?? '', /^Back-off pulling image "absent": ErrImagePull: .*no such host/);
    assert.equal(told.filter((t) => t.startsWith('Normal Pulling')).length, 1);
    await clock.advance(9100);
    await until('pulled again', () => told.filter((t) => t.startsWith('Normal Pulling')).length === 2);
  }));

for (const policy of ['IfNotPresent', 'Never'] as const) {
  test(`a pod that waits for an image runs as soon as somebody has loaded it (${policy})`, () =>
    withKubelet({ images: [{ reference: 'absent', present: false, pullError: 'no such host' }] }, async (bed) => {
      await bed.start();
      bed.put('web', { spec: { containers: [{ name: 'main', image: 'absent', imagePullPolicy: policy }] } });
      const state = () => bed.container('web', 'main')?.state;
      await bed.until('waiting', () => state()?.waiting?.message?.includes('absent'));
      await bed.runtime.loadImages('archive.tar');
      await bed.until('running, without the clock moving', () => state()?.running);
    }));
}

for (const { what, spec, reason, message } of [
  {
    what: 'a missing ConfigMap',
    spec: { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }] },
    reason: 'CreateContainerConfigError',
    message: 'configmap "settings" not found',
  },
  {
    what: 'an image that may not be pulled',
    spec: { image: 'absent', imagePullPolicy: 'Never' as const },
    reason: 'ErrImageNeverPull',
    message: 'Container image "absent" is not present with pull policy of Never',
  },
  {
    what: 'an image name that is none',
    spec: { image: 'No Such' },
    reason: 'InvalidImageName',
    message:
      'Failed to apply default image tag "No Such": couldn\'t parse image name "No Such": invalid reference format',
  },
  {
    what: 'root where none may be',
    spec: { securityContext: { runAsNonRoot: true } },
    reason: 'CreateContainerConfigError',
    message: /^container has runAsNonRoot and image will run as root \(pod: "web_default\(.*\)", container: main\)$/,
  },
]) {
  test(`${what} is said as ${reason}`, () =>
    withKubelet({ images: [{ reference: 'example' }, { reference: 'absent', present: false }] }, async (bed) => {
      await bed.start();
      bed.put('web', { spec: { containers: [container('main', spec)] } });
      await bed.until(reason, () => bed.container('web', 'main')?.state?.waiting?.reason === reason);
      const told = bed.container('web', 'main')?.state?.waiting?.message ?? '';
      if (typeof message === 'string') assert.equal(told, message);
      else assert.match(told, message);
      const words = reason === 'CreateContainerConfigError' ? told : reason;
      await bed.until('the event', () => bed.told.includes(`Warning Failed Error: ${words}`));
    }));
}

test('a pod that waits for a ConfigMap starts when the ConfigMap is made', () =>
  withKubelet({}, async ({ api, container: statusOf, put, pod, start, until }) => {
    await start();
    put('web', { spec: { containers: [container('main', { envFrom: [{ configMapRef: { name: 'settings' } }] })] } });
    await until('waiting', () => statusOf('web', 'main')?.state?.waiting?.reason === 'CreateContainerConfigError');
    api.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'default' } });
    await until('ready', () => condition(pod('web'), 'Ready')?.status === 'True');
  }));

test('a kubelet that starts again adopts the containers that run', () =>
  withKubelet({}, async ({ put, pod, runtime, start, until, clock }) => {
    const first = await start();
    put('web');
    await until('ready', () => condition(pod('web'), 'Ready')?.status === 'True');
    const before = await runtime.listContainers();
    await first.stop();
    await start();
    await clock.advance(1000);
    assert.deepEqual(
      (await runtime.listContainers()).map((c) => c.id),
      before.map((c) => c.id),
    );
    assert.equal(pod('web')?.status?.containerStatuses?.[0]?.restartCount, 0);
    assert.equal(condition(pod('web'), 'Ready')?.status, 'True');
  }));

test('a kubelet that starts again removes what is left of pods that are gone', () =>
  withKubelet({}, async ({ api, put, pod, runtime, start, until }) => {
    const first = await start();
    put('web');
    await until('ready', () => condition(pod('web'), 'Ready')?.status === 'True');
    await first.stop();
    api.remove('pods', 'default', 'web');
    await start();
    assert.deepEqual(await runtime.listSandboxes(), []);
  }));

test('a pod removed by force leaves nothing behind', () =>
  withKubelet({}, async ({ api, put, pod, runtime, start, until }) => {
    await start();
    put('web');
    await until('ready', () => condition(pod('web'), 'Ready')?.status === 'True');
    api.remove('pods', 'default', 'web');
    await until('empty', async () => (await runtime.listSandboxes()).length === 0);
  }));

test('a pod past its deadline fails with DeadlineExceeded', () =>
  withKubelet({}, async ({ clock, put, pod, start, until }) => {
    await start();
    put('slow', { spec: { activeDeadlineSeconds: 60 } });
    await until('running', () => pod('slow')?.status?.phase === 'Running');
    await clock.advance(61_000);
    await until('failed', () => pod('slow')?.status?.phase === 'Failed');
    assert.equal(pod('slow')?.status?.reason, 'DeadlineExceeded');
    assert.equal(pod('slow')?.status?.message, 'Pod was active on the node longer than the specified deadline');
  }));

test('a container killed for its memory says OOMKilled', () =>
  withKubelet(
    { container: () => ({ exitAfterMs: 100, oom: true }) },
    async ({ clock, container: statusOf, put, start, until }) => {
      await start();
      put('big', { spec: { restartPolicy: 'Never' } });
      await until('running', () => statusOf('big', 'main')?.state?.running);
      await clock.advance(100);
      await until('ended', () => statusOf('big', 'main')?.state?.terminated?.reason === 'OOMKilled');
      assert.equal(statusOf('big', 'main')?.state?.terminated?.exitCode, 137);
    },
  ));
