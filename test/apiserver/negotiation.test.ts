import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { bodyFormat, negotiate } from '../../src/apiserver/negotiation.ts';

const SHAPES = ['Table', 'PartialObjectMetadata'];

const negotiated = (accept: string | undefined, query = '', userAgent = 'test') =>
  negotiate({ accept, userAgent, query: new URLSearchParams(query), shapes: SHAPES });

const code = (expected: number) => (error: unknown) => error instanceof StatusError && error.code === expected;

test('the first media type that can be served is taken, by quality and then by order', () => {
  assert.equal(negotiated(undefined).mediaType, 'application/json');
  assert.equal(negotiated('application/vnd.kubernetes.protobuf,application/json').mediaType, 'application/json');
  assert.equal(negotiated('application/json;q=0.1,application/yaml').mediaType, 'application/yaml');
  assert.equal(negotiated('text/html,*/*;q=0.8').mediaType, 'application/json');
});

test('kubectl gets the newest table it asks for', () => {
  const accept =
    'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';
  assert.deepEqual(negotiated(accept).as, { kind: 'Table', version: 'v1' });
});

test('a shape that this answer does not have is passed over', () => {
  assert.equal(negotiated('application/json;as=Other;v=v1;g=meta.k8s.io,application/json').as, undefined);
  assert.throws(() => negotiated('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'), code(406));
});

test('what cannot be served is 406, what cannot be read 415', () => {
  assert.throws(() => negotiated('application/xml'), code(406));
  assert.throws(() => negotiated('application/json;q=0'), code(406));
  assert.throws(() => bodyFormat('text/plain'), code(415));
  assert.equal(bodyFormat('application/yaml; charset=utf-8'), 'yaml');
});

test('people get indented answers, programs do not', () => {
  assert.equal(negotiated(undefined, '', 'curl/8').pretty, true);
  assert.equal(negotiated(undefined, 'pretty=false', 'curl/8').pretty, false);
  assert.equal(negotiated(undefined, 'pretty=true').pretty, true);
  assert.equal(negotiated(undefined).pretty, false);
});
