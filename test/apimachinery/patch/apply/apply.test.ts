import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { builtinSchema } from '../../../../src/api/index.ts';
import type { AnyObject, ManagedFieldsEntry } from '../../../../src/apimachinery/meta.ts';
import { canonicalEqual } from '../../../../src/apimachinery/value.ts';
import { apply, configMap, configMaps, NOW, owners, pod, pods, refused, update } from './writes.ts';

describe('server-side apply', () => {
  it('creates, and owns what it says', () => {
    const created = apply(undefined, configMap({ a: '1' }), configMaps());
    assert.deepEqual(created.data, { a: '1' });
    assert.deepEqual(created.metadata.managedFields, [
      {
        manager: 'one',
        operation: 'Apply',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:a': {} } },
      },
    ] satisfies ManagedFieldsEntry[]);
  });

  it('removes what its manager gives up and nobody else owns', () => {
    const created = apply(undefined, configMap({ a: '1', b: '2' }), configMaps());
    const shared = apply(created, configMap({ b: '2' }), configMaps({ manager: 'two' }));
    const without = apply(shared, configMap(undefined), configMaps());
    assert.deepEqual(without.data, { b: '2' });
    assert.deepEqual(owners(without), [['two', 'Apply', { 'f:data': { 'f:b': {} } }]]);
    assert.equal(apply(without, configMap(undefined), configMaps({ manager: 'two' })).data, undefined);
  });

  it('keeps the time of a manager that changes nothing', () => {
    const created = apply(undefined, configMap({ a: '1' }), configMaps());
    const again = apply(created, configMap({ a: '1' }), configMaps({ now: NOW + 60_000 }));
    assert.deepEqual(again.metadata.managedFields, created.metadata.managedFields);
  });

  it('conflicts over fields of others, naming each, and takes them when forced', () => {
    const created = apply(undefined, configMap({ a: '1', b: '1' }), configMaps());
    const one = refused(() => apply(created, configMap({ a: '2' }), configMaps({ manager: 'two' })));
    assert.equal(one.code, 409);
    assert.equal(one.message, 'Apply failed with 1 conflict: conflict with "one": .data.a');
    const two = refused(() => apply(created, configMap({ a: '2', b: '2' }), configMaps({ manager: 'two' })));
    assert.equal(two.message, 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b');
    assert.deepEqual(two.status.details?.causes, [
      { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' },
      { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.b' },
    ]);
    const forced = apply(created, configMap({ a: '2' }), configMaps({ manager: 'two' }), true);
    assert.deepEqual(owners(forced), [
      ['one', 'Apply', { 'f:data': { 'f:b': {} } }],
      ['two', 'Apply', { 'f:data': { 'f:a': {} } }],
    ]);
  });

  it('says how and where another manager wrote', () => {
    const created = update(undefined, configMap({ a: '1' }), configMaps({ manager: 'kubectl-edit' }));
    const error = refused(() => apply(created, configMap({ a: '2' }), configMaps()));
    assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.a');
  });

  it("owns list items by their keys, and a field inside one is another manager's", () => {
    const created = apply(undefined, pod({ containers: [{ name: 'c', image: 'x' }] }), pods());
    const both = apply(
      created,
      pod({
        containers: [
          { name: 'c', workingDir: '/' },
          { name: 's', image: 's' },
        ],
      }),
      pods({ manager: 'two' }),
    );
    assert.deepEqual(both.spec, {
      containers: [
        { name: 'c', image: 'x', workingDir: '/' },
        { name: 's', image: 's' },
      ],
    });
    const error = refused(() => apply(both, pod({ containers: [{ name: 's', image: 'z' }] }), pods()));
    assert.deepEqual(
      error.status.details?.causes?.map((cause) => cause.field),
      ['.spec.containers[name="s"].image'],
    );
    const gone = apply(both, pod({}), pods({ manager: 'two' }));
    assert.deepEqual(gone.spec, { containers: [{ name: 'c', image: 'x' }] });
  });

  it('owns atomic lists whole', () => {
    const created = apply(undefined, pod({ containers: [{ name: 'c', args: ['1'] }] }), pods());
    const error = refused(() =>
      apply(created, pod({ containers: [{ name: 'c', args: ['1', '2'] }] }), pods({ manager: 'two' })),
    );
    assert.deepEqual(
      error.status.details?.causes?.map((cause) => cause.field),
      ['.spec.containers[name="c"].args'],
    );
  });

  it('takes a missing key for its default', () => {
    const created = apply(undefined, pod({ containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] }), pods());
    assert.match(JSON.stringify(owners(created)), /k:\{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"\}/);
  });

  it('refuses a live object whose items lack their keys', () => {
    const accounts = pods({ schema: builtinSchema.type('io.k8s.api.core.v1.ServiceAccount') });
    const account = (more: object) =>
      ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a' }, ...more }) as AnyObject;
    const { code, message } = refused(() => apply(account({ secrets: [{}, { name: 's' }] }), account({}), accounts));
    assert.equal(code, 500);
    assert.match(
      message,
      /^failed to create typed live object \(\/a; \/v1, Kind=ServiceAccount\): \.secrets: element 0: /,
    );
  });

  it('takes integers that are too large for their fields as Go does by reflection', () => {
    const applied = apply(undefined, pod({ priority: 2 ** 32 + 5 }), pods());
    assert.deepEqual((applied.spec as { priority: number }).priority, 5);
  });

  it('owns nothing that the endpoint resets', () => {
    const created = apply(undefined, { ...pod({ nodeName: 'n' }), status: { phase: 'Running' } }, pods());
    assert.deepEqual(owners(created), [['one', 'Apply', { 'f:spec': { 'f:nodeName': {} } }]]);
  });

  const wrong: [patch: AnyObject, code: number, words: RegExp][] = [
    [
      { ...configMap({}), bogus: 1 },
      500,
      /^failed to create typed patch object \(\/a; \/v1, Kind=ConfigMap\): \.bogus: field not declared in schema$/,
    ],
    [configMap({ a: 5 } as never), 500, /\.data\.a: expected string, got &value\.valueUnstructured\{Value:5\}/],
    [configMap(undefined, { managedFields: [] }), 400, /^metadata\.managedFields must be nil$/],
    [
      { ...configMap({}), apiVersion: 'v2' },
      400,
      /^Incorrect version specified in apply patch\. Specified patch version: v2, expected: v1$/,
    ],
    [{ ...configMap({}), binaryData: { a: '!' } }, 500, /illegal base64 data/],
  ];
  for (const [patch, code, words] of wrong) {
    it(`refuses ${JSON.stringify(patch)}`, () => {
      const error = refused(() => apply(undefined, patch, configMaps()));
      assert.equal(error.code, code);
      assert.match(error.message, words);
    });
  }

  it('refuses repeated list items', () => {
    const error = refused(() => apply(undefined, pod({ containers: [{ name: 'c' }, { name: 'c' }] }), pods()));
    assert.match(error.message, /\.spec\.containers: duplicate entries for key \[name="c"\]/);
  });

  it('gives what was there before the first apply to before-first-apply', () => {
    const first = apply(configMap({ a: '1' }), configMap({ b: '2' }), configMaps());
    assert.deepEqual(owners(first), [
      ['one', 'Apply', { 'f:data': { 'f:b': {} } }],
      ['before-first-apply', 'Update', { 'f:data': { '.': {}, 'f:a': {} } }],
    ]);
  });

  it('lets kubectl take what its own annotation says it applied before', () => {
    const key = 'kubectl.kubernetes.io/last-applied-configuration';
    const text = JSON.stringify(configMap({ a: '1' }));
    const live = update(
      undefined,
      configMap({ a: '1' }, { annotations: { [key]: text } }),
      configMaps({ manager: 'kubectl-client-side-apply' }),
    );
    assert.equal(refused(() => apply(live, configMap({ a: '2' }), configMaps())).code, 409);
    const taken = apply(live, configMap({ a: '2' }), configMaps({ manager: 'kubectl' }));
    assert.deepEqual(taken.data, { a: '2' });
    assert.deepEqual(JSON.parse(taken.metadata.annotations?.[key] ?? ''), configMap({ a: '2' }));
  });

  it('treats objects without a schema by their values', () => {
    const context = { ...configMaps({ apiVersion: 'e.io/v1' }), schema: undefined };
    const thing = (spec: object) => ({
      apiVersion: 'e.io/v1',
      kind: 'Thing',
      metadata: { name: 'a', labels: { l: '1' } },
      spec,
    });
    const created = apply(undefined, thing({ map: { a: 1 }, list: [1, 2] }), context);
    assert.deepEqual(owners(created), [
      [
        'one',
        'Apply',
        {
          'f:metadata': { 'f:labels': { 'f:l': {} } },
          'f:spec': { '.': {}, 'f:list': {}, 'f:map': { '.': {}, 'f:a': {} } },
        },
      ],
    ]);
  });

  const data = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2', '3'));

  it('done twice is done once', () => {
    fc.assert(
      fc.property(data, data, (before, applied) => {
        const live = update(undefined, configMap(before), configMaps({ manager: 'other' }));
        const once = apply(live, configMap(applied), configMaps(), true);
        const twice = apply(once, configMap(applied), configMaps({ now: NOW + 1000 }), true);
        assert(
          canonicalEqual(
            { ...twice, metadata: { ...twice.metadata, uid: 'u' } },
            { ...once, metadata: { ...once.metadata, uid: 'u' } },
          ),
        );
      }),
    );
  });

  it('never conflicts between managers of different fields, in whatever order they come', () => {
    const left = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'));
    const right = fc.dictionary(fc.constantFrom('c', 'd'), fc.constantFrom('1', '2'));
    fc.assert(
      fc.property(left, right, (mine, yours) => {
        const base = apply(undefined, configMap(undefined, { labels: { l: '1' } }), configMaps({ manager: 'base' }));
        const both = (first: [string, object], second: [string, object]) =>
          [first, second].reduce(
            (live, [manager, applied]) =>
              apply(live, configMap(applied as Record<string, string>), configMaps({ manager })),
            base,
          );
        const one = both(['mine', mine], ['yours', yours]);
        const other = both(['yours', yours], ['mine', mine]);
        assert(canonicalEqual(one.data ?? {}, other.data ?? {}));
        const sorted = (object: AnyObject) => owners(object).toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));
        assert.deepEqual(sorted(one), sorted(other));
      }),
    );
  });
});
