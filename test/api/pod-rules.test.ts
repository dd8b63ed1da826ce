import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateResize } from '../../src/api/core/pod-subresources.ts';
import { imageTag } from '../../src/api/defaults/image-reference.ts';
import { validCidr, validIp } from '../../src/api/validation/ip.ts';
import type { AnyObject } from '../../src/apimachinery/meta.ts';
import { definitionOf } from './definitions.ts';

const TAGS: readonly [reference: string, tag: string | undefined][] = [
  ['nginx', 'latest'],
  ['nginx:1.25', '1.25'],
  ['registry.example:5000/a/b', 'latest'],
  ['registry.example:5000/a/b:v1', 'v1'],
  [`a@sha256:${'0'.repeat(64)}`, ''],
  ['x:', undefined],
  ['A_B//', undefined],
  ['', undefined],
];

for (const [reference, tag] of TAGS) {
  test(`the tag of "${reference}" is ${tag}`, () => assert.equal(imageTag(reference), tag));
}

test('addresses: any spelling, but no zone, no leading zero and no IPv4 in IPv6', () => {
  const bad = ['', 'x', '01.2.3.4', 'fe80::1%eth0', '::ffff:1.2.3.4'];
  assert.deepEqual(
    bad.filter((ip) => validIp(ip, 'f').length === 0),
    [],
  );
  assert.deepEqual(validIp('2001:DB8:0::1', 'f'), []);
});

test('ranges: host bits are clear', () => {
  const good = ['10.0.0.0/8', '0.0.0.0/0', '1.2.3.4/32', '2001:db8::/64', '::/0'];
  const bad = ['10.0.0.1/8', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/08', '2001:db8::1/64', ''];
  assert.deepEqual(
    good.flatMap((range) => validCidr(range, 'f')),
    [],
  );
  assert.deepEqual(
    bad.filter((range) => validCidr(range, 'f').length === 0),
    [],
  );
});

const pod = (resources: object, annotations: Record<string, string> = {}): AnyObject =>
  ({
    metadata: { name: 'p', namespace: 'ns', annotations },
    spec: {
      terminationGracePeriodSeconds: 30,
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      containers: [{ name: 'c', image: 'i', imagePullPolicy: 'Always', terminationMessagePolicy: 'File', resources }],
    },
    status: {},
  }) as unknown as AnyObject;

const RESIZES: readonly [name: string, before: object, after: object, fields: readonly string[]][] = [
  ['CPU may change', { requests: { cpu: '1' } }, { requests: { cpu: '2' } }, []],
  ['nothing else may', { requests: { cpu: '1' } }, { requests: { cpu: '1', 'ephemeral-storage': '1' } }, ['spec']],
  [
    'a request may not go',
    { requests: { cpu: '1', memory: '1' } },
    { requests: { cpu: '1' } },
    ['spec.containers[0].resources.requests'],
  ],
  ['the class may not change', {}, { requests: { cpu: '1' } }, ['spec']],
];

for (const [name, before, after, fields] of RESIZES) {
  test(`resize: ${name}`, () => {
    const errors = validateResize(pod(after), pod(before));
    assert.deepEqual(
      errors.map(({ field }) => field),
      fields,
    );
  });
}

test('resize: a static Pod stays as its file says', () => {
  const mirror = pod({}, { 'kubernetes.io/config.mirror': 'x' });
  assert.deepEqual(
    validateResize(mirror, mirror).map(({ reason }) => reason),
    ['FieldValueForbidden'],
  );
});

test('an AppArmor annotation of a new pod is warned of, unless the pod says the same', () => {
  const told = (annotation: string, securityContext = {}) => {
    const warnings: string[] = [];
    const key = 'container.apparmor.security.beta.kubernetes.io/c';
    const metadata = { name: 'p', annotations: { [key]: annotation } };
    const object = {
      metadata,
      spec: { securityContext, containers: [{ name: 'c', image: 'i' }] },
    } as unknown as AnyObject;
    const definition = definitionOf('v1/pods');
    definition.setDefaults(object);
    definition.prepareForCreate(object, { now: 0, warn: (text) => warnings.push(text) });
    return warnings.length;
  };
  assert.equal(told('runtime/default'), 1);
  assert.equal(told('nope'), 1);
  assert.equal(told('runtime/default', { appArmorProfile: { type: 'RuntimeDefault' } }), 0);
});
