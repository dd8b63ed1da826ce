// Volumes, claims and classes of attributes that are deleted go when nobody uses them any more, and not before.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { persistentVolumeClaims, persistentVolumes, pods, volumeAttributesClasses } from '../../src/api/resources.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../src/api/types/core/v1.ts';
import { pvProtectionController } from '../../src/controllers/volume/pv-protection.ts';
import { pvcProtectionController } from '../../src/controllers/volume/pvc-protection.ts';
import { vacProtectionController } from '../../src/controllers/volume/vac-protection.ts';
import { podObject } from '../support/objects.ts';
import { harness } from './harness.ts';

const DELETED = { deletionTimestamp: '2026-01-01T00:00:00Z' };

const claim = (name: string, more: Partial<PersistentVolumeClaim> = {}): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  spec: {},
  ...more,
  metadata: { name, namespace: 'default', finalizers: ['kubernetes.io/pvc-protection'], ...DELETED, ...more.metadata },
});

const podWith = (name: string, volume: Omit<Volume, 'name'>, nodeName = 'n'): Pod =>
  podObject(name, {
    spec: { nodeName, containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'data', ...volume }] },
    metadata: { uid: `uid-of-${name}` },
  });

async function started(t: TestContext, ...objects: Parameters<ReturnType<typeof harness>['api']['seed']>) {
  const h = harness(t, pvcProtectionController(), pvProtectionController(), vacProtectionController());
  h.api.seed(...objects);
  await h.start();
  const left = (plural: string) => h.api.objects(plural).map(({ metadata }) => metadata.name);
  return { ...h, left };
}

test('a deleted claim stays as long as a pod with a node uses it; finalizers of others stay', async (t) => {
  const own = { kind: 'Pod', apiVersion: 'v1', name: 'scratch', uid: 'uid-of-scratch', controller: true };
  const other = { finalizers: ['example.com/other', 'kubernetes.io/pvc-protection'] };
  const { left, client, settle, api } = await started(
    t,
    claim('used'),
    claim('waited-for'),
    claim('scratch-data', { metadata: { ownerReferences: [own] } }),
    claim('foreign-data'),
    claim('held', { metadata: other }),
    claim('kept', { metadata: { deletionTimestamp: undefined } as never }),
    podWith('user', { persistentVolumeClaim: { claimName: 'used' } }),
    podWith('waiting', { persistentVolumeClaim: { claimName: 'waited-for' } }, ''),
    podWith('scratch', { ephemeral: {} }),
    podWith('foreign', { ephemeral: {} }),
  );
  assert.deepEqual(left('persistentvolumeclaims').sort(), ['held', 'kept', 'scratch-data', 'used']);
  const { finalizers } = api.object('persistentvolumeclaims', 'default', 'held')?.metadata ?? {};
  assert.deepEqual(finalizers, ['example.com/other']);
  await client.delete(pods, 'default', 'user', { gracePeriodSeconds: 0 });
  await client.delete(pods, 'default', 'scratch', { gracePeriodSeconds: 0 });
  await settle();
  assert.deepEqual(left('persistentvolumeclaims').sort(), ['held', 'kept']);
  await client.delete(persistentVolumeClaims, 'default', 'kept');
  await settle();
  assert.deepEqual(left('persistentvolumeclaims'), ['held']);
});

test('a deleted volume stays as long as it is bound', async (t) => {
  const volume = (name: string, phase: 'Available' | 'Bound'): PersistentVolume => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, finalizers: ['kubernetes.io/pv-protection'], ...DELETED },
    spec: {},
    status: { phase },
  });
  const { left, client, settle } = await started(t, volume('bound', 'Bound'), volume('free', 'Available'));
  assert.deepEqual(left('persistentvolumes'), ['bound']);
  const status = { type: 'merge' as const, body: { status: { phase: 'Released' } } };
  await client.patch(persistentVolumes, undefined, 'bound', status, { subresource: 'status' });
  await settle();
  assert.deepEqual(left('persistentvolumes'), []);
});

test('a deleted class of attributes stays as long as a volume or a claim names it', async (t) => {
  const classOf = (name: string) => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttributesClass',
    metadata: { name, finalizers: ['kubernetes.io/vac-protection'], ...DELETED },
    driverName: 'd',
  });
  const volume: PersistentVolume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'v' },
    spec: { volumeAttributesClassName: 'gold' },
  };
  const wanting = claim('c', {
    metadata: { deletionTimestamp: undefined, finalizers: [] } as never,
    spec: { volumeAttributesClassName: 'silver' },
    status: { modifyVolumeStatus: { targetVolumeAttributesClassName: 'bronze', status: 'InProgress' } },
  });
  const names = ['gold', 'silver', 'bronze', 'tin'];
  const { left, client, settle } = await started(t, ...names.map(classOf), volume, wanting);
  assert.deepEqual(left('volumeattributesclasses').sort(), ['bronze', 'gold', 'silver']);
  await client.delete(persistentVolumes, undefined, 'v');
  await client.delete(persistentVolumeClaims, 'default', 'c');
  await settle();
  assert.deepEqual(left('volumeattributesclasses'), []);
  await assert.rejects(client.get(volumeAttributesClasses, undefined, 'gold'), /not found/);
});
