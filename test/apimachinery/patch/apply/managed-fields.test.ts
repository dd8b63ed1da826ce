import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keepTimesIfUnchanged } from '../../../../src/apimachinery/patch/apply/apply.ts';
import { configMap, configMaps, NOW, owners, pod, pods, update } from './writes.ts';

describe('managed fields of other writes', () => {
  it('give a creator what it set, but not the empty structs every object has', () => {
    const created = update(undefined, { ...pod({ containers: [{ name: 'c', resources: {} }] }), status: {} }, pods());
    assert.deepEqual(owners(created), [
      [
        'one',
        'Update',
        { 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:name': {}, 'f:resources': {} } } } },
      ],
    ]);
  });

  it('give a creator what a comparison with nothing says he changed', () => {
    const spec = {
      nodeName: 'n',
      nodeSelector: { 'b.io/"x"': '1', a: '2' },
      securityContext: {},
      tolerations: [{ key: 'k' }],
      containers: [
        { name: 'b', ports: [{ containerPort: 1 }, { containerPort: 1, protocol: 'TCP' }], env: [] },
        { name: 'a', resources: { limits: { cpu: '1' } }, args: ['x'], securityContext: { privileged: false } },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
    };
    const status = { phase: 'Pending', conditions: [{ type: 'Ready', status: 'True' }] };
    const objects = [
      { ...pod(spec), status },
      { ...pod(spec), metadata: { name: 'a', finalizers: ['x.io/b', 'x.io/a'], labels: {}, annotations: { a: '' } } },
      pod({ containers: [{ image: 'without a name' }] }),
      { ...pod({}), status: { conditions: [{ status: 'without a type' }] } },
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } },
    ];
    for (const object of objects) {
      // No such field: it only takes the way that can leave out parts of parts.
      const compared = update(undefined, object, pods({ resetFields: [['status'], ['spec', 'none']] }));
      assert.deepEqual(owners(update(undefined, object, pods())), owners(compared));
    }
  });

  it('move with the fields, and keep the time of who is not concerned', () => {
    const created = update(undefined, configMap({ a: '1', b: '1' }, { uid: 'u' }), configMaps());
    const later = configMaps({ manager: 'two', now: NOW + 5000 });
    const changed = update(created, configMap({ a: '2', b: '1' }, { uid: 'u' }), later);
    assert.deepEqual(owners(changed), [
      ['one', 'Update', { 'f:data': { '.': {}, 'f:b': {} } }],
      ['two', 'Update', { 'f:data': { 'f:a': {} } }],
    ]);
    assert.deepEqual(
      changed.metadata.managedFields?.map((entry) => entry.time),
      ['2026-01-01T00:00:00Z', '2026-01-01T00:00:05Z'],
    );
    const same = update(changed, configMap({ a: '2', b: '1' }, { uid: 'u' }), configMaps({ now: NOW + 9000 }));
    assert.deepEqual(same.metadata.managedFields, changed.metadata.managedFields);
  });

  it('are forgotten on request and then not tracked until the next apply', () => {
    const created = update(undefined, configMap({ a: '1' }, { uid: 'u' }), configMaps());
    for (const managedFields of [[], [{}]]) {
      const reset = update(created, configMap({ a: '1' }, { uid: 'u', managedFields }), configMaps());
      assert.equal(reset.metadata.managedFields, undefined);
      assert.equal(update(reset, configMap({ a: '2' }, { uid: 'u' }), configMaps()).metadata.managedFields, undefined);
    }
  });

  it('ignore what a client sends that is no FieldsV1', () => {
    const created = update(undefined, configMap({ a: '1' }, { uid: 'u' }), configMaps());
    const sent = [
      {
        manager: 'x',
        operation: 'Update' as const,
        apiVersion: 'v1',
        fieldsType: 'FieldsV1' as const,
        fieldsV1: { bogus: {} },
      },
    ];
    const kept = update(created, configMap({ a: '1' }, { uid: 'u', managedFields: sent }), configMaps());
    assert.deepEqual(kept.metadata.managedFields, created.metadata.managedFields);
  });

  it('drop entries of versions that are no longer served', () => {
    const created = update(
      undefined,
      configMap({ a: '1' }, { uid: 'u' }),
      configMaps({ apiVersion: 'v0', manager: 'old' }),
    );
    const next = update(created, configMap({ a: '1', b: '2' }, { uid: 'u' }), configMaps({ versions: ['v1'] }));
    assert.deepEqual(owners(next), [['one', 'Update', { 'f:data': { 'f:b': {} } }]]);
  });

  it('of more than ten updaters become ancient-changes', () => {
    let live = update(undefined, configMap({ k0: '1' }, { uid: 'u' }), configMaps({ manager: 'm00' }));
    const data: Record<string, string> = { k0: '1' };
    for (let i = 1; i < 13; i++) {
      data[`k${i}`] = '1';
      const context = configMaps({ manager: `m${String(i).padStart(2, '0')}`, now: NOW + i * 1000 });
      live = update(live, configMap({ ...data }, { uid: 'u' }), context);
    }
    const managers = owners(live).map(([manager]) => manager);
    assert.equal(managers.length, 10);
    assert.equal(managers[0], 'ancient-changes');
    assert.deepEqual(owners(live)[0]?.[2], { 'f:data': { '.': {}, 'f:k0': {}, 'f:k1': {}, 'f:k2': {}, 'f:k3': {} } });
  });

  it('of a write that changes nothing but times stay as they were', () => {
    const created = update(undefined, configMap({ a: '1' }), configMaps());
    const later = update(undefined, configMap({ a: '1' }), configMaps({ now: NOW + 5000 }));
    assert.deepEqual(keepTimesIfUnchanged(created, later), created);
    const other = update(undefined, configMap({ a: '2' }), configMaps({ now: NOW + 5000 }));
    assert.equal(keepTimesIfUnchanged(created, other), other);
  });
});
