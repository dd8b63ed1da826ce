import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { builtinSchema } from '../../../src/api/index.ts';
import { decodeJson } from '../../../src/apimachinery/codec/json.ts';
import { decodeTyped, strictError, untypedProblems } from '../../../src/apimachinery/codec/strict.ts';

const read = (body: object | string, model = 'io.k8s.api.apps.v1.Deployment') =>
  decodeTyped(
    decodeJson(typeof body === 'string' ? body : JSON.stringify(body)),
    builtinSchema.type(model),
    builtinSchema,
  );
const pod = (spec: object) => read({ apiVersion: 'v1', kind: 'Pod', spec }, 'io.k8s.api.core.v1.Pod').value.spec;

describe('fitting a value to its type', () => {
  it('drops unknown fields and reports them with repeated ones in document order', () => {
    const { value, problems } = read(
      '{"kind":"Deployment","spec":{"foo":1,"replicas":1,"replicas":2,"template":{"spec":{"containers":[{"name":"c","bar":{"baz":1}}]}}}}',
    );
    assert.deepEqual(value, {
      kind: 'Deployment',
      spec: { replicas: 2, template: { spec: { containers: [{ name: 'c' }] } } },
    });
    assert.equal(
      strictError(problems),
      'strict decoding error: unknown field "spec.foo", duplicate field "spec.replicas", unknown field "spec.template.spec.containers[0].bar"',
    );
  });

  it('takes an array of numbers for bytes, and keeps no bits that stand for none', () => {
    const data = (value: unknown) =>
      read({ binaryData: { k: value } }, 'io.k8s.api.core.v1.ConfigMap').value.binaryData;
    assert.deepEqual(data([97, 98]), { k: 'YWI=' });
    assert.deepEqual(data('YR=='), { k: 'YQ==' });
    assert.throws(() => data([256]), { name: 'DecodeError' });
  });

  it('tells field names apart by case', () => assert.deepEqual(read({ Spec: {} }).problems, ['unknown field "Spec"']));

  it('reports only repeated fields where there is no type', () =>
    assert.deepEqual(untypedProblems(decodeJson('{"a":{"b":1,"b":2}}')), ['duplicate field "a.b"']));

  const wrong: [body: object | string, words: string][] = [
    [[], 'json: cannot unmarshal array into Go value of type v1.Deployment'],
    [
      { spec: { replicas: 'two' } },
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { spec: { replicas: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      '{"spec":{"replicas":5.0}}',
      'json: cannot unmarshal number 5.0 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { spec: { replicas: 3e9 } },
      'json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [{ spec: [] }, 'json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec'],
    [
      { metadata: { labels: { a: 1 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      { metadata: { finalizers: 'x' } },
      'json: cannot unmarshal string into Go struct field ObjectMeta.metadata.finalizers of type []string',
    ],
    [
      { spec: { paused: 'no' } },
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool',
    ],
    [
      { metadata: { creationTimestamp: 'noon' } },
      'parsing time "noon" as "2006-01-02T15:04:05Z07:00": cannot parse "noon" as "2006"',
    ],
    [
      { metadata: { creationTimestamp: '2020-02-30T00:00:00Z' } },
      'parsing time "2020-02-30T00:00:00Z": day out of range',
    ],
    [
      { metadata: { creationTimestamp: 5 } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string',
    ],
  ];
  for (const [body, words] of wrong) {
    it(`refuses ${JSON.stringify(body)}`, () =>
      assert.throws(() => read(body), { name: 'DecodeError', message: words }));
  }

  it('brings times, quantities and durations to the form they are written in', () => {
    assert.deepEqual(read({ metadata: { creationTimestamp: '2020-01-01T01:00:00.5+01:00' } }).value, {
      metadata: { creationTimestamp: '2020-01-01T00:00:00Z' },
    });
    const limits = { cpu: 0.5, memory: '1024Mi' };
    assert.deepEqual(pod({ containers: [{ name: 'c', resources: { limits } }] }), {
      containers: [{ name: 'c', resources: { limits: { cpu: '500m', memory: '1Gi' } } }],
    });
  });

  it('takes null for unset, and in lists and maps for the zero value', () => {
    assert.deepEqual(read({ metadata: { name: null, finalizers: ['a', null], labels: { a: null } } }).value, {
      metadata: { finalizers: ['a', ''], labels: { a: '' } },
    });
    assert.deepEqual(pod({ containers: [null] }), { containers: [{}] });
  });

  it('takes a port as number or name and nothing else', () => {
    const probe = (port: unknown) => pod({ containers: [{ livenessProbe: { httpGet: { port } } }] });
    assert.deepEqual(probe('http'), { containers: [{ livenessProbe: { httpGet: { port: 'http' } } }] });
    assert.throws(() => probe(1.5), {
      message:
        'json: cannot unmarshal number 1.5 into Go struct field HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32',
    });
  });

  it('checks base64', () => {
    const secret = (data: object) => read({ data }, 'io.k8s.api.core.v1.Secret');
    assert.deepEqual(secret({ a: 'YQ==' }).value, { data: { a: 'YQ==' } });
    assert.throws(() => secret({ a: 'Y!==' }), { message: 'illegal base64 data at input byte 1' });
  });
});
