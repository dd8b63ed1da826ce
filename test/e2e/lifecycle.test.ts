// The life of pods on real containers, beside what pods.test.ts has: hooks, graces, restarts, sizes, names, probes, static
// pods. All manifests of testdata/lifecycle are applied at once.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ContainerStatus, Pod } from '../../src/api/types/core/v1.ts';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { type FollowedPods, followPods } from './follow-pods.ts';

const MANIFEST = path.join(import.meta.dirname, 'testdata/lifecycle/pods.yaml');

describe('the life of pods', { timeout: 300_000 }, () => {
  let cluster: Cluster;
  let kubectl: Cluster['kubectl'];
  let pods: FollowedPods;
  let folder: string;
  let manifests: string;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'tsk-life-'));
    manifests = path.join(folder, 'manifests');
    mkdirSync(manifests);
    cluster = await createCluster(['--max-container-restart-period=1s', `--pod-manifest-path=${manifests}`]);
    await cluster.start();
    kubectl = cluster.kubectl;
    pods = followPods(kubectl);
    await kubectl.withInput(readFileSync(MANIFEST, 'utf8').replaceAll('HOST_FOLDER', folder), 'apply', '-f', '-');
  });
  after(async () => {
    pods?.stop();
    await cluster.remove().finally(() => rmSync(folder, { recursive: true }));
  });

  const ended = (name: string) => pods.when(name, 'ended', (p) => /Succeeded|Failed/.test(p.status?.phase ?? '') && p);
  const ready = (name: string) => pods.when(name, 'ready', (p) => isTrue(p, 'Ready') && p);
  const running = (name: string, container = 'main') =>
    pods.when(name, 'running', (p) => stateOf(p, container).state?.running && p);
  const lines = async (name: string, container = 'main') =>
    (await kubectl('logs', name, '-c', container)).trim().split('\n');
  const prints = async (name: string, expected: readonly string[]) => assert.deepEqual(await lines(name), expected);
  const eventsOf = (name: string) => kubectl('events', `--for=pod/${name}`);
  const secondsOf = async (work: () => Promise<unknown>) => {
    const began = performance.now();
    await work();
    return (performance.now() - began) / 1000;
  };

  test('a container is running when its postStart hook has ended, and its preStop hook takes its time', async () => {
    const pod = await ready('post-start');
    const startedAt = Date.parse(stateOf(pod, 'main').state?.running?.startedAt ?? '');
    const told = pod.status?.conditions?.find((c) => c.type === 'ContainersReady')?.lastTransitionTime ?? '';
    assert.ok(Date.parse(told) - startedAt >= 2000, `${startedAt} ${told}`);
    for (const { type, observedGeneration } of pod.status?.conditions ?? []) assert.equal(observedGeneration, 1, type);
    assert.ok(isTrue(pod, 'PodReadyToStartContainers'));
    const seconds = await secondsOf(() => kubectl('delete', 'pod', 'post-start'));
    assert.ok(seconds >= 2 && seconds < 20, `${seconds} s`);
  });

  test('a postStart hook that fails ends its container, and says how', async () => {
    const pod = await pods.when(
      'post-start-fails',
      'refused',
      (p) => stateOf(p, 'main').state?.waiting?.reason === 'PostStartHookError' && p,
    );
    assert.match(
      stateOf(pod, 'main').state?.waiting?.message ?? '',
      /^Exec lifecycle hook \(\[sh -c echo why >&2; exit 5\]\) for Container "main" in Pod "post-start-fails_default\(.*\)" failed - error: command 'sh -c echo why >&2; exit 5' exited with 5: why\n, message: "why\\n"$/,
    );
    assert.match(await eventsOf('post-start-fails'), /FailedPostStartHook .*PostStartHook failed/);
  });

  test('a deletion is made shorter by a second one, or by force', async () => {
    await Promise.all([running('deaf'), running('deaf-too')]);
    await kubectl('delete', 'pod', 'deaf', 'deaf-too', '--wait=false');
    const seconds = await secondsOf(async () => {
      await kubectl('delete', 'pod', 'deaf', '--grace-period=1');
      await kubectl('delete', 'pod', 'deaf-too', '--grace-period=0', '--force');
    });
    assert.ok(seconds < 30, `${seconds} s`);
    await eventually('no container of them', async () => !/deaf/.test(await kubectl('get', 'pods', '-o', 'name')));
  });

  test('a container that ends at once is started again, later each time as far as the setting goes', async () => {
    const pod = await pods.when('crashes', 'waits', (p) => {
      const { restartCount = 0, state } = stateOf(p, 'main');
      return restartCount >= 3 && state?.waiting?.reason === 'CrashLoopBackOff' && p;
    });
    const { state, lastState } = stateOf(pod, 'main');
    const who = `crashes_default(${pod.metadata.uid})`;
    assert.equal(state?.waiting?.message, `back-off 1s restarting failed container=main pod=${who}`);
    assert.equal(lastState?.terminated?.exitCode, 3);
    assert.match(
      await eventsOf('crashes'),
      /BackOff .*Back-off restarting failed container main in pod crashes_default/,
    );
  });

  test('rules of a container restart it, or all of them', async () => {
    const pod = await ended('rule');
    assert.equal(pod.status?.phase, 'Succeeded');
    assert.equal(stateOf(pod, 'main').restartCount, 1);
    const all = await pods.when(
      'rule-for-all',
      'again',
      (p) => isTrue(p, 'Ready') && stateOf(p, 'main').restartCount === 1 && p,
    );
    await prints('rule-for-all', ['init', 'init']);
    assert.equal(stateOf(all, 'other').restartCount, 1);
    assert.equal(stateOf(all, 'init').restartCount, 1);
    assert.ok(pods.seen('rule-for-all').some((p) => isTrue(p, 'AllContainersRestarting')));
    assert.equal(all.status?.phase, 'Running');
    const again = await pods.when(
      'rule-of-a-sidecar',
      'again',
      (p) => isTrue(p, 'Ready') && stateOf(p, 'watcher').restartCount === 1 && p,
    );
    assert.deepEqual([again.status?.phase, stateOf(again, 'main').restartCount], ['Running', 1]);
  });

  test('sidecars end after the containers that use them, the last one first', async () => {
    await ready('order');
    await kubectl('delete', 'pod', 'order');
    assert.equal(readFileSync(path.join(folder, 'order'), 'utf8'), 'main\ns2\ns1\n');
  });

  test('a program that is not there is said by the runtime', async () => {
    const pod = await ended('no-command');
    const { reason, exitCode, message } = stateOf(pod, 'main').state?.terminated ?? {};
    assert.deepEqual({ reason, exitCode }, { reason: 'StartError', exitCode: 128 });
    assert.match(message ?? '', /no-such-program.*(not found|no such file)/);
    assert.match(await eventsOf('no-command'), /Failed .*Error: .*no-such-program/);
  });

  test('an image whose name is none, and one that may not be pulled, are said', async () => {
    for (const [name, reason, message] of [
      ['no-such-name', 'InvalidImageName', /couldn't parse image name "busybox:1:2": invalid reference format$/],
      ['never-pulled', 'ErrImageNeverPull', /^Container image "nowhere:1" is not present with pull policy of Never$/],
    ] as const) {
      const waiting = await pods.when(name, 'waits', (p) => {
        const { waiting: why } = stateOf(p, 'main').state ?? {};
        return why?.message !== undefined && why;
      });
      assert.equal(waiting.reason, reason);
      assert.match(waiting.message ?? '', message);
    }
  });

  test('zombies and a first process that hears no signal hold nothing up', async () => {
    await running('zombies');
    const seconds = await secondsOf(() => kubectl('delete', 'pod', 'zombies'));
    assert.ok(seconds < 15, `${seconds} s`);
  });

  test('limits change while the container runs, or with a restart where it says so', async () => {
    const before = await running('sized');
    const patch = (resources: object) =>
      kubectl(
        'patch',
        'pod',
        'sized',
        '--subresource=resize',
        '-p',
        JSON.stringify({ spec: { containers: [{ name: 'main', resources }] } }),
      );
    await patch({ requests: { cpu: '60m' }, limits: { cpu: '200m' } });
    const wider = await pods.when('sized', 'resized', (p) => stateOf(p, 'main').resources?.limits?.cpu === '200m' && p);
    assert.equal(stateOf(wider, 'main').containerID, stateOf(before, 'main').containerID);
    assert.deepEqual(stateOf(wider, 'main').allocatedResources, { cpu: '60m', memory: '16Mi' });
    const read = 'cat /sys/fs/cgroup/cpu.max 2>/dev/null || cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us';
    assert.match(await kubectl('exec', 'sized', '--', 'sh', '-c', read), /^20000\b/);
    await patch({ limits: { memory: '48Mi' } });
    const restarted = await pods.when(
      'sized',
      'restarted',
      (p) => stateOf(p, 'main').restartCount === 1 && stateOf(p, 'main').state?.running && p,
    );
    assert.equal(stateOf(restarted, 'main').resources?.limits?.memory, '48Mi');
    assert.match(await eventsOf('sized'), /ResizeCompleted .*Pod resize completed: /);
  });

  test('a debugging container sees the processes of its target', async () => {
    await running('sized');
    const command = ['--', 'sh', '-c', 'ps; sleep 1000'];
    await kubectl(
      'debug',
      'sized',
      '-c',
      'debugger',
      '--image=busybox:1.36',
      '--target=main',
      '--profile=general',
      ...command,
    );
    await pods.when('sized', 'debugged', (p) => p.status?.ephemeralContainerStatuses?.[0]?.state?.running);
    await eventually('its output', async () =>
      (await lines('sized', 'debugger')).some((line) => /sleep 1000$/.test(line)),
    );
    assert.match((await lines('sized', 'debugger')).join('\n'), /^ +1 .*sleep 1000$/m);
  });

  test('a condition of somebody else makes a pod ready', async () => {
    const pod = await pods.when('gated-from-outside', 'waits', (p) => isTrue(p, 'ContainersReady') && p);
    assert.ok(!isTrue(pod, 'Ready'));
    const body = { status: { conditions: [{ type: 'example.org/gate', status: 'True' }] } };
    await kubectl('patch', 'pod', 'gated-from-outside', '--subresource=status', '-p', JSON.stringify(body));
    await ready('gated-from-outside');
  });

  test('names and resolver of a pod', async () => {
    await ended('full-name');
    await prints('full-name', [
      'alpha.group.default.svc.cluster.local',
      '# Entries added by HostAliases.',
      '192.0.2.7\tone.example\ttwo.example',
      'search a.example b.example',
      'nameserver 192.0.2.53',
      'options ndots:3 rotate',
    ]);
  });

  test('processes and IPC of the host', async () => {
    await ended('on-the-host');
    await prints('on-the-host', [readlinkSync('/proc/self/ns/pid'), readlinkSync('/proc/self/ns/ipc')]);
  });

  test('probes: a grace of their own, time that is over, a program that is not there', async () => {
    const pod = await pods.when('probed', 'restarted', (p) => (stateOf(p, 'deaf').restartCount ?? 0) > 0 && p);
    assert.equal(stateOf(pod, 'deaf').lastState?.terminated?.exitCode, 137);
    const told = await eventually('all events', async () => {
      const text = await eventsOf('probed');
      return /timed out after 1s/.test(text) && /unknown state/.test(text) ? text : undefined;
    });
    assert.match(told, /Container deaf failed liveness probe, will be restarted/);
    assert.match(told, /Readiness probe failed: command timed out: "sleep 10" timed out after 1s/);
    assert.match(told, /Liveness probe errored and resulted in unknown state: .*no-such-program/);
    assert.equal(stateOf(pods.get('probed') as Pod, 'wrong').restartCount, 0);
  });

  test('the last words of a container that ends with much to say', async () => {
    const pod = await ended('last-words');
    const message = stateOf(pod, 'main').state?.terminated?.message ?? '';
    assert.match(message, /0123456789\nthe end\n$/);
    assert.ok(Buffer.byteLength(message) <= 2048);
  });

  test('another image starts a container anew', async () => {
    await running('renewed');
    await kubectl('set', 'image', 'pod/renewed', 'main=busybox:stable');
    const pod = await pods.when(
      'renewed',
      'again',
      (p) => stateOf(p, 'main').restartCount === 1 && stateOf(p, 'main').state?.running && p,
    );
    assert.match(stateOf(pod, 'main').image ?? '', /busybox:stable$/);
    assert.match(await eventsOf('renewed'), /Killing .*Container main definition changed, will be restarted/);
  });

  test('a static pod runs without the API, which has a mirror of it', async () => {
    const file = path.join(manifests, 'web.yaml');
    const command = "['sh', '-c', 'echo static; exec sleep 1000']";
    writeFileSync(
      file,
      `{apiVersion: v1, kind: Pod, metadata: {name: static}, spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: 'busybox:1.36', command: ${command}}]}}`,
    );
    const node = (await kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
    const name = `static-${node}`;
    const first = await ready(name);
    assert.equal(first.metadata.ownerReferences?.[0]?.kind, 'Node');
    await eventually('its output', async () => (await lines(name))[0] === 'static'); // it runs, and may have said nothing yet
    await kubectl('delete', 'pod', name, '--wait=false');
    const second = await pods.when(
      name,
      'back',
      (p) => p.metadata.uid !== first.metadata.uid && isTrue(p, 'Ready') && p,
    );
    assert.equal(stateOf(second, 'main').containerID, stateOf(first, 'main').containerID);
    rmSync(file);
    await kubectl('wait', '--for=delete', `pod/${name}`, '--timeout=30s');
  });
});

const isTrue = (pod: Pod, condition: string): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === condition && status === 'True') ?? false;

function stateOf(pod: Pod, container: string): Partial<ContainerStatus> {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container) ?? {};
}
