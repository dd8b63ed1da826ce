// What pods take from other objects while they wait and run: contents that follow, claims that are bound, classes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  VolumeMount,
} from '../../src/api/types/core/v1.ts';
import { type KubeletBed, withKubelet } from './kubelet-bed.ts';

const configMap = (value: string, parts: Partial<ConfigMap> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'default' },
  data: { color: value },
  ...parts,
});

const VOLUME = { volumes: [{ name: 'v', configMap: { name: 'settings' } }] };

function colorIn(bed: KubeletBed, pod: Pod): string {
  const place = path.join(bed.directory, 'pods', pod.metadata.uid as string, 'volumes/kubernetes.io~configmap/v/color');
  return readFileSync(place, 'utf8');
}

const paint = (bed: KubeletBed, color: string) =>
  bed.api.change<ConfigMap>('configmaps', 'default', 'settings', (map) => {
    map.data = { color };
  });

const isRunning = (bed: KubeletBed) => () => bed.pod('web')?.status?.phase === 'Running';

test('a volume follows its ConfigMap, without a clock, and after a restart of the server too', () =>
  withKubelet({}, async (bed) => {
    bed.api.seed(configMap('blue'));
    const first = await bed.start();
    const pod = bed.put('web', { spec: VOLUME });
    await bed.until('it runs', isRunning(bed));
    assert.equal(colorIn(bed, pod), 'blue');
    paint(bed, 'green');
    await bed.until('the change', () => colorIn(bed, pod) === 'green');
    await first.stop();
    paint(bed, 'red');
    await bed.start();
    await bed.until('the change meanwhile', () => colorIn(bed, pod) === 'red');
    paint(bed, 'white');
    await bed.until('the change afterwards', () => colorIn(bed, pod) === 'white');
  }));

test('a pod keeps what an immutable object said, whatever bears its name later', () =>
  withKubelet({}, async (bed) => {
    bed.api.seed(configMap('blue', { immutable: true }));
    await bed.start();
    const old = bed.put('web', { spec: VOLUME });
    await bed.until('it runs', isRunning(bed));
    paint(bed, 'green');
    const late = bed.put('late', { spec: VOLUME });
    await bed.until('the other runs', () => bed.pod('late')?.status?.phase === 'Running');
    assert.deepEqual([colorIn(bed, old), colorIn(bed, late)], ['blue', 'green']);
  }));

test('a pod that waits for its claim has no address, and runs when the claim is bound', () =>
  withKubelet({}, async (bed) => {
    bed.api.seed<PersistentVolumeClaim>({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: 'default', uid: 'claim' },
      spec: { volumeName: 'disk' },
      status: { phase: 'Pending' },
    });
    bed.api.seed<PersistentVolume>({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'disk' },
      spec: { hostPath: { path: bed.directory }, claimRef: { uid: 'claim' } },
    });
    await bed.start();
    bed.put('web', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } });
    await bed.until('the event', () =>
      bed.told.some((line) => /^Warning FailedMount .*processing PVC default\/data: PVC is not bound$/.test(line)),
    );
    const readyToStart = () =>
      bed.pod('web')?.status?.conditions?.find(({ type }) => type === 'PodReadyToStartContainers')?.status;
    await bed.until('its status', () => readyToStart() === 'False');
    assert.equal(bed.pod('web')?.status?.podIP, undefined);
    bed.api.change<PersistentVolumeClaim>('persistentvolumeclaims', 'default', 'data', (claim) => {
      claim.status = { phase: 'Bound' };
    });
    await bed.until('it runs', isRunning(bed));
    assert.equal(readyToStart(), 'True');
    assert.ok(bed.pod('web')?.status?.podIP);
  }));

for (const { what, spec, event } of [
  {
    what: 'users of its own',
    spec: { hostUsers: false },
    event: "can't set `spec.hostUsers: false`, runtime does not support user namespaces",
  },
  {
    what: 'users of its own and a class',
    spec: { hostUsers: false, runtimeClassName: 'plain' },
    event: 'can\'t set `spec.hostUsers: false`, RuntimeClass handler "runc" does not support user namespaces',
  },
  {
    what: 'a class that is not there',
    spec: { runtimeClassName: 'none' },
    event: 'runtimeclass.node.k8s.io "none" not found',
  },
]) {
  test(`a pod that asks for ${what} waits, and an event says why`, () =>
    withKubelet({}, async (bed) => {
      bed.api.seed({
        apiVersion: 'node.k8s.io/v1',
        kind: 'RuntimeClass',
        metadata: { name: 'plain' },
        handler: 'runc',
      });
      await bed.start();
      bed.put('web', { spec });
      const line = `Warning FailedCreatePodSandBox Failed to create pod sandbox: ${event}`;
      await bed.until('the event', () => bed.told.includes(line));
      assert.equal(bed.pod('web')?.status?.phase, 'Pending');
    }));
}

test('a pod is refused for its sysctls before anything of it is made', () =>
  withKubelet({}, async (bed) => {
    await bed.start();
    bed.put('web', { spec: { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } } });
    await bed.until('the end', () => bed.pod('web')?.status?.phase === 'Failed');
    const { startTime, ...told } = bed.pod('web')?.status ?? {};
    assert.ok(startTime);
    assert.deepEqual(told, {
      conditions: [],
      observedGeneration: 1,
      phase: 'Failed',
      reason: 'SysctlForbidden',
      message: 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted',
      qosClass: 'BestEffort',
    });
    assert.deepEqual(await bed.runtime.listSandboxes(), []);
  }));

test('the status tells how volumes are mounted', () =>
  withKubelet({}, async (bed) => {
    await bed.start();
    const mount = (mountPath: string, parts: Partial<VolumeMount>) => ({ name: 'v', mountPath, ...parts });
    const volumeMounts = [
      mount('/a', {}),
      mount('/b', { readOnly: true }),
      mount('/c', { readOnly: true, recursiveReadOnly: 'IfPossible' }),
    ];
    bed.put('web', {
      spec: { volumes: [{ name: 'v', emptyDir: {} }], containers: [{ name: 'main', image: 'example', volumeMounts }] },
    });
    await bed.until('it runs', isRunning(bed));
    assert.deepEqual(bed.container('web', 'main')?.volumeMounts, [
      { name: 'v', mountPath: '/a' },
      { name: 'v', mountPath: '/b', readOnly: true, recursiveReadOnly: 'Disabled' },
      { name: 'v', mountPath: '/c', readOnly: true, recursiveReadOnly: 'Enabled' },
    ]);
  }));
