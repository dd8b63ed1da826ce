import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { prepareForApproval, validateApproval } from '../../src/api/certificates/approval.ts';
import { pemBlocks, signedRequestProblem } from '../../src/api/certificates/signed-request.ts';
import type { AnyObject } from '../../src/apimachinery/meta.ts';
import { created, definitionOf } from './definitions.ts';

const now = Date.parse('2026-01-02T00:00:00Z');
const NOW = '2026-01-02T00:00:00Z';
const BEFORE = '2026-01-01T00:00:00Z';

const element = (tag: number, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};
const SEQUENCE = 0x30;
const pem = (type: string, der: Buffer, before = ''): string =>
  `${before}-----BEGIN ${type}-----\n${der.toString('base64')}\n-----END ${type}-----\n`;

/** A request for nobody in particular, signed with a key of its own. */
function request(kind: 'ec' | 'rsa' | 'ed25519'): Buffer {
  const pair =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : kind === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ed25519');
  const oid = { ec: '2a8648ce3d040302', rsa: '2a864886f70d01010b', ed25519: '2b6570' }[kind];
  const key = pair.publicKey.export({ type: 'spki', format: 'der' });
  const info = element(SEQUENCE, element(0x02, Buffer.from([0])), element(SEQUENCE), key, element(0xa0));
  const signature = sign(kind === 'ed25519' ? null : 'sha256', info, pair.privateKey);
  const algorithm = element(SEQUENCE, element(0x06, Buffer.from(oid, 'hex')));
  return element(SEQUENCE, info, algorithm, element(0x03, Buffer.from([0]), signature));
}

const TYPE = 'CERTIFICATE REQUEST';

for (const kind of ['ec', 'rsa', 'ed25519'] as const) {
  test(`a request signed with its own ${kind} key is one`, () => {
    assert.equal(signedRequestProblem(pem(TYPE, request(kind), 'text before\n')), undefined);
  });
}

test('what is no request, or not signed by its key, is told', () => {
  const der = request('ec');
  const forged = Buffer.from(der);
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  assert.match(signedRequestProblem(pem(TYPE, forged)) ?? '', /signature/);
  assert.match(signedRequestProblem(pem('CERTIFICATE', der)) ?? '', /CERTIFICATE REQUEST/);
  assert.match(signedRequestProblem('') ?? '', /PEM/);
  assert.match(signedRequestProblem(pem(TYPE, der.subarray(0, 20))) ?? '', /malformed/);
  assert.match(signedRequestProblem(pem(TYPE, Buffer.concat([der, Buffer.from([0])]))) ?? '', /trailing/);
});

test('headers of a PEM block are seen', () => {
  const [block] = pemBlocks('-----BEGIN X-----\nA: b\n\nAAAA\n-----END X-----\n');
  assert.deepEqual({ type: block?.type, hasHeaders: block?.hasHeaders }, { type: 'X', hasHeaders: true });
});

const ID = 'certificates.k8s.io/v1/certificatesigningrequests';
const spec = {
  request: Buffer.from(pem(TYPE, request('ec'))).toString('base64'),
  signerName: 'x.io/s',
  usages: ['digital signature'],
};
const signing = (conditions: object[]): AnyObject => {
  const object = created(ID, { metadata: { name: 'r' }, spec });
  object.status = { conditions };
  return object;
};
const approved = { type: 'Approved', status: 'True', lastUpdateTime: BEFORE, lastTransitionTime: BEFORE };
const lines = (errors: { reason: string; field: string }[]) => errors.map(({ reason, field }) => `${reason} ${field}`);

test('an approval stamps what it adds and changes nothing else', () => {
  const old = signing([]);
  const object = structuredClone(old);
  object.status = { conditions: [{ type: 'Approved', status: 'True' }], certificate: 'eA==' };
  Object.assign(object.spec as object, { usages: ['any'] });
  prepareForApproval(object, old, { now });
  assert.deepEqual(object.spec, old.spec);
  assert.deepEqual(object.status, {
    conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: NOW, lastTransitionTime: NOW }],
  });
  assert.deepEqual(validateApproval(object, old), []);
});

test('nobody takes a judgement back, and none gives both', () => {
  const old = signing([approved]);
  assert.deepEqual(lines(validateApproval(signing([]), old)), ['FieldValueForbidden status.conditions']);
  const both = signing([approved, { type: 'Denied', status: 'True' }]);
  assert.deepEqual(lines(validateApproval(both, old)), ['FieldValueInvalid status.conditions']);
});

const STATUSES: [what: string, status: object, causes: string[]][] = [
  ['a signer may report failure', { conditions: [approved, { type: 'Failed', status: 'True' }] }, []],
  [
    'but not judge',
    { conditions: [approved, { type: 'Denied', status: 'True' }] },
    ['FieldValueInvalid status.conditions', 'FieldValueForbidden status.conditions'],
  ],
  [
    'nor send what is no certificate',
    { conditions: [approved], certificate: 'eA==' },
    ['FieldValueInvalid status.certificate'],
  ],
  [
    'a failure is true',
    { conditions: [approved, { type: 'Failed', status: 'False' }] },
    ['FieldValueNotSupported status.conditions[1].status'],
  ],
];

for (const [what, status, causes] of STATUSES) {
  test(`status: ${what}`, () => {
    const definition = definitionOf(ID);
    const old = signing([approved]);
    const object = structuredClone(old);
    object.status = structuredClone(status);
    definition.prepareForStatusUpdate(object, old, { now });
    assert.deepEqual(lines(definition.validateStatusUpdate(object, old)), causes);
  });
}
