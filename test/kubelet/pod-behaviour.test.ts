// What a pod's status and events say in the less common parts of its life.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import type { Container, Pod } from '../../src/api/types/core/v1.ts';
import { condition, type KubeletBed, withKubelet } from './kubelet-bed.ts';

const container = (name: string, more: Partial<Container> = {}): Container => ({
  name,
  image: 'example',
  imagePullPolicy: 'IfNotPresent',
  ...more,
});

const remove = ({ api }: KubeletBed, name: string, seconds: number) =>
  api.change('pods', 'default', name, (pod) => {
    pod.metadata.deletionTimestamp = '2026-01-01T00:10:00Z';
    pod.metadata.deletionGracePeriodSeconds = seconds;
  });

test('a container is not running before its postStart hook has ended', () =>
  withKubelet({ container: () => ({ exec: () => ({ exitCode: 0, latencyMs: 5000 }) }) }, async (bed) => {
    const lifecycle = { postStart: { exec: { command: ['warm'] } } };
    await bed.start();
    bed.put('web', { spec: { containers: [container('main', { lifecycle })] } });
    await bed.until('started', () => bed.told.includes('Normal Started Container started'));
    await bed.clock.advance(4000);
    assert.equal(bed.container('web', 'main')?.state?.waiting?.reason, 'ContainerCreating');
    assert.equal(bed.pod('web')?.status?.phase, 'Pending');
    await bed.clock.advance(1000);
    await bed.until('running', () => bed.container('web', 'main')?.state?.running);
    await bed.until('ready', () => condition(bed.pod('web'), 'Ready')?.status === 'True');
  }));

test('a postStart hook that fails is told without its words in events, with them in the status', () =>
  withKubelet(
    { container: () => ({ exec: () => ({ exitCode: 4, stdout: 'out', stderr: 'secret' }) }) },
    async ({ container: statusOf, put, start, told, until, pod }) => {
      await start();
      const lifecycle = { postStart: { exec: { command: ['warm', 'up'] } } };
      put('web', { spec: { containers: [container('main', { lifecycle })] } });
      const waiting = () => statusOf('web', 'main')?.state?.waiting;
      await until('said', () => waiting()?.reason === 'PostStartHookError');
      const uid = pod('web')?.metadata.uid;
      assert.equal(
        waiting()?.message,
        `Exec lifecycle hook ([warm up]) for Container "main" in Pod "web_default(${uid})" failed - error: command 'warm up' exited with 4: secret, message: "outsecret"`,
      );
      assert.ok(told.includes('Warning FailedPostStartHook PostStartHook failed'));
      assert.ok(told.includes('Normal Killing FailedPostStartHook'));
      assert.ok(told.every((t) => !t.includes('secret')));
    },
  ));

test('a hook over HTTPS where plain HTTP is spoken is tried again without', async (t) => {
  const agents: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    agents.push(request.headers['user-agent']);
    response.writeHead(500).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  t.after(() => server.close());
  await withKubelet({}, async ({ put, start, until, told, container: statusOf }) => {
    await start();
    const httpGet = { scheme: 'HTTPS', host: '127.0.0.1', port, path: '/' } as const;
    put('web', { spec: { containers: [container('main', { lifecycle: { postStart: { httpGet } } })] } });
    await until('running', () => statusOf('web', 'main')?.state?.running);
    assert.ok(
      told.includes(
        `Warning LifecycleHTTPFallback request to HTTPS lifecycle hook 127.0.0.1:${port} got HTTP response, retry with HTTP succeeded`,
      ),
    );
    assert.deepEqual(agents, ['kube-lifecycle/1.36']);
  });
});

test('another image starts the container anew, whatever the restart policy', () =>
  withKubelet({ images: [{ reference: 'example' }, { reference: 'other' }] }, async (bed) => {
    await bed.start();
    bed.put('web', { spec: { restartPolicy: 'Never' } });
    await bed.until('running', () => bed.container('web', 'main')?.state?.running);
    bed.api.change('pods', 'default', 'web', (pod) => {
      (pod as Pod & { spec: object }).spec.containers = [container('main', { image: 'other' })];
    });
    await bed.until('again', () => bed.container('web', 'main')?.restartCount === 1);
    await bed.until('running', () => bed.container('web', 'main')?.state?.running);
    assert.equal(bed.container('web', 'main')?.image, 'docker.io/library/other:latest');
    assert.ok(bed.told.includes('Normal Killing Container main definition changed, will be restarted'));
  }));

test('events name the part of the pod that they are about', () =>
  withKubelet({ container: ({ name }) => (name === 'init' ? { exitAfterMs: 10 } : {}) }, async (bed) => {
    await bed.start();
    bed.put('web', { spec: { initContainers: [container('init')] } });
    await bed.until('init runs', () => bed.container('web', 'init')?.state?.running);
    await bed.clock.advance(10);
    await bed.until('running', () => bed.container('web', 'main')?.state?.running);
    assert.deepEqual([...bed.toldOf], ['spec.initContainers{init}', 'spec.containers{main}']);
  }));

test('a pod sees in its annotations where its kubelet has it from, and since when', () =>
  withKubelet({}, async (bed) => {
    const items = ['annotations', 'labels'].map((path) => ({ path, fieldRef: { fieldPath: `metadata.${path}` } }));
    await bed.start();
    const { metadata } = bed.put('web', {
      metadata: { annotations: { note: 'here', 'kubernetes.io/config.source': 'file' } },
      spec: { containers: [container('main')], volumes: [{ name: 'info', downwardAPI: { items } }] },
    });
    const file = path.join(bed.directory, 'pods', metadata.uid as string, 'volumes/kubernetes.io~downward-api/info');
    const annotations = () => readFileSync(path.join(file, 'annotations'), 'utf8').split('\n');
    await bed.until('running', () => bed.container('web', 'main')?.state?.running);
    const own = ['kubernetes.io/config.seen="2026-01-01T00:00:00Z"', 'kubernetes.io/config.source="api"'];
    assert.deepEqual(annotations(), [...own, 'note="here"']);
    await bed.clock.advance(5000);
    bed.api.change('pods', 'default', 'web', (pod) => {
      pod.metadata.annotations = { note: 'there' };
    });
    await bed.until('the change', () => annotations().includes('note="there"'));
    assert.deepEqual(annotations(), [...own, 'note="there"']);
  }));

const RESTART_ALL = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }] as const;

test('an exit that restarts all begins the pod anew in its sandbox', () =>
  withKubelet({ container: ({ name }) => (name === 'init' ? { exitAfterMs: 10 } : {}) }, async (bed) => {
    const { api, clock, container: statusOf, pod, put, runtime, start, until } = bed;
    await start();
    put('app', {
      spec: {
        restartPolicy: 'Never',
        initContainers: [container('init')],
        containers: [
          container('main', { restartPolicy: 'Never', restartPolicyRules: structuredClone(RESTART_ALL) as never }),
          container('other'),
        ],
      },
    });
    await until('init', () => statusOf('app', 'init')?.state?.running);
    await clock.advance(10);
    await until('running', () => statusOf('app', 'other')?.state?.running && statusOf('app', 'main')?.state?.running);
    assert.equal(condition(pod('app'), 'AllContainersRestarting')?.status, 'False');
    const [sandbox] = await runtime.listSandboxes();
    const main = (await runtime.listContainers()).find((c) => c.name === 'main');
    runtime.crash(main?.id ?? '', 42);
    await until(
      'init again',
      () => statusOf('app', 'init')?.restartCount === 1 && statusOf('app', 'init')?.state?.running,
    );
    await clock.advance(10);
    await until(
      'running again',
      () => statusOf('app', 'other')?.state?.running && statusOf('app', 'main')?.state?.running,
    );
    const told = api.states<Pod>('pods').map((p) => condition(p, 'AllContainersRestarting'));
    assert.equal(told.find((c) => c?.status === 'True')?.reason, 'RestartAllContainersStarted');
    assert.equal(condition(pod('app'), 'AllContainersRestarting')?.status, 'False');
    assert.equal(condition(pod('app'), 'Initialized')?.status, 'True');
    assert.equal(statusOf('app', 'main')?.restartCount, 1);
    assert.equal(statusOf('app', 'other')?.restartCount, 1);
    assert.equal(statusOf('app', 'init')?.restartCount, 1);
    assert.equal(statusOf('app', 'other')?.lastState?.terminated?.reason, 'RestartingAllContainers');
    assert.deepEqual(
      (await runtime.listSandboxes()).map((s) => s.id),
      [sandbox?.id],
    );
    assert.ok(bed.told.includes('Normal Killing killing'));
  }));

test('how long a pull took is told in whole milliseconds', () =>
  withKubelet({ images: [{ reference: 'far', present: false, pullMs: 1304.6 }] }, async (bed) => {
    await bed.start();
    bed.put('web', { spec: { containers: [container('main', { image: 'far' })] } });
    await bed.until('pulling', () => bed.told.includes('Normal Pulling Pulling image "far"'));
    await bed.clock.advance(1500);
    await bed.until('running', () => bed.container('web', 'main')?.state?.running);
    assert.match(bed.told.find((event) => event.startsWith('Normal Pulled')) ?? '', / in 1\.304s \(1\.304s including /);
  }));

test('a pod deleted before it ran fails, with its containers lost', () =>
  withKubelet({ images: [{ reference: 'absent', present: false, pullError: 'no' }] }, async (bed) => {
    await bed.start();
    bed.put('web', { spec: { containers: [container('main', { image: 'absent' })] } });
    await bed.until('waiting', () => bed.container('web', 'main')?.state?.waiting?.message);
    remove(bed, 'web', 30);
    await bed.until('gone', () => bed.pod('web') === undefined);
    const last = bed.api.states<Pod>('pods').at(-1)?.status;
    assert.equal(last?.phase, 'Failed');
    assert.deepEqual(last?.containerStatuses?.[0]?.state, {
      terminated: {
        exitCode: 137,
        reason: 'ContainerStatusUnknown',
        message: 'The container could not be located when the pod was terminated',
      },
    });
  }));

test('the API has readiness while the kubelet starts anew', () =>
  withKubelet({ container: () => ({ exec: () => ({ exitCode: 0 }) }) }, async (bed) => {
    const probe = { exec: { command: ['ok'] }, periodSeconds: 10, failureThreshold: 1 };
    const first = await bed.start();
    bed.put('web', { spec: { containers: [container('main', { readinessProbe: probe, startupProbe: probe })] } });
    await bed.until('running', () => bed.container('web', 'main')?.state?.running);
    await bed.clock.advance(100);
    await bed.until('ready', () => condition(bed.pod('web'), 'Ready')?.status === 'True');
    await first.stop();
    const before = bed.api.states('pods').length;
    await bed.start();
    await bed.clock.advance(20_000);
    const after = bed.api.states<Pod>('pods').slice(before);
    assert.ok(after.every((pod) => condition(pod, 'Ready')?.status === 'True'));
    assert.equal(condition(bed.pod('web'), 'Ready')?.status, 'True');
  }));

test('readiness gates of others make a pod ready', () =>
  withKubelet({}, async ({ api, pod, put, start, until }) => {
    await start();
    put('web', { spec: { readinessGates: [{ conditionType: 'example.org/gate' }] } });
    await until('not ready', () => condition(pod('web'), 'Ready')?.reason === 'ReadinessGatesNotReady');
    assert.equal(
      condition(pod('web'), 'Ready')?.message,
      'corresponding condition of pod readiness gate "example.org/gate" does not exist.',
    );
    assert.equal(condition(pod('web'), 'ContainersReady')?.status, 'True');
    api.change('pods', 'default', 'web', (object) => {
      const { status } = object as unknown as { status: { conditions: object[] } };
      status.conditions = [...status.conditions, { type: 'example.org/gate', status: 'True' }];
    });
    await until('ready', () => condition(pod('web'), 'Ready')?.status === 'True');
    assert.equal(condition(pod('web'), 'example.org/gate')?.status, 'True');
  }));

test('all last words of a pod together have 12 KiB', () =>
  withKubelet({ container: () => ({ startError: 'x'.repeat(9000) }) }, async (bed) => {
    await bed.start();
    bed.put('web', { spec: { restartPolicy: 'Never', containers: [container('a'), container('b')] } });
    await bed.until('ended', () => bed.container('web', 'b')?.state?.terminated);
    assert.equal(bed.container('web', 'a')?.state?.terminated?.message?.length, 6144);
  }));

test('a full name that is too long is told, and no sandbox is made', () =>
  withKubelet({}, async ({ put, runtime, start, told, until }) => {
    await start();
    put('web', { spec: { hostname: 'h'.repeat(60), subdomain: 's', setHostnameAsFQDN: true } });
    await until('told', () =>
      told.some((t) =>
        /^Warning FailedCreatePodSandBox Failed to create pod sandbox: failed to construct FQDN .* too long/.test(t),
      ),
    );
    assert.deepEqual(await runtime.listSandboxes(), []);
  }));

test('an ephemeral container sees the processes of the one it names, and waits for one that is not there', () =>
  withKubelet({}, async (bed) => {
    const targets: (string | undefined)[] = [];
    const { createContainer } = bed.runtime;
    bed.runtime.createContainer = (config) => {
      targets.push(config.processesOf);
      return createContainer(config);
    };
    await bed.start();
    bed.put('web', { spec: { initContainers: [container('never', { image: 'absent' })] } });
    await bed.until('waiting', () => bed.container('web', 'never')?.state?.waiting?.message);
    const debug = (targetContainerName: string) => ({ ...container('debug'), targetContainerName });
    bed.api.change<Pod>('pods', 'default', 'web', (pod) => {
      (pod.spec as object as { ephemeralContainers: object[] }).ephemeralContainers = [debug('main')];
    });
    const state = () => bed.pod('web')?.status?.ephemeralContainerStatuses?.[0]?.state;
    await bed.until('refused', () => state()?.waiting?.reason === 'CreateContainerConfigError');
    assert.equal(state()?.waiting?.message, 'unable to find target container main');
    bed.put('other');
    await bed.until('running', () => bed.container('other', 'main')?.state?.running);
    bed.api.change<Pod>('pods', 'default', 'other', (pod) => {
      (pod.spec as object as { ephemeralContainers: object[] }).ephemeralContainers = [debug('main')];
    });
    await bed.until('debugging', () => bed.pod('other')?.status?.ephemeralContainerStatuses?.[0]?.state?.running);
    const main = bed.container('other', 'main')?.containerID?.replace('simulated://', '');
    assert.deepEqual(targets, [undefined, main]);
    assert.equal(bed.pod('other')?.status?.ephemeralContainerStatuses?.[0]?.ready, false);
  }));
