import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '../../src/apimachinery/status-error.ts';
import { bodyFormat, negotiate } from '../../src/apiserver/negotiation.ts';

const SHAPES = ['Table', 'PartialObjectMetadata'];

const negotiated = (accept: string | undefined, query = '', userAgent = 'test') =>
  negotiate({ accept, userAgent, query: new URLSearchParams(query), shapes: SHAPES });

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const code = (expected: number) => (error: unknown) => error instanceof StatusError && error.code === expected;

test('the first media type that can be served is taken, by quality and then by order', () => {
  assert.equal(negotiated(undefined).mediaType, 'application/json');
  assert.equal(negotiated('application/cbor,application/json').mediaType, 'application/json');
  assert.equal(negotiated(`${PROTOBUF},application/json`).mediaType, PROTOBUF);
  assert.equal(negotiated('application/json;q=0.1,application/yaml').mediaType, 'application/yaml');
  assert.equal(negotiated('text/html,*/*;q=0.8').mediaType, 'application/json');
});

test('kubectl gets the newest table it asks for', () => {
  const accept =
    'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';
  assert.deepEqual(negotiated(accept).as, { kind: 'Table', version: 'v1' });
});

// Outcomes of github.com/munnerz/goautoneg, whose order of clauses is none that could be told in a sentence.
for (const [accept, expected] of [
  ['application/*', 'application/json'],
  ['*', 'application/json'],
  ['application/yaml;q=0.5,application/json;q=0.9', 'application/json'],
  ['application/json;q=0', 'application/json'],
  ['application/json;q=x,application/yaml;q=0.1', 'application/yaml'],
  ['application/yaml;q=0.1,*/*', 'application/json'],
  ['*/*,application/yaml;q=0.1', 'application/yaml'],
  ['application/*;q=0.2,application/yaml;q=0.1', 'application/yaml'],
  [' application/yaml ; charset=utf-8', 'application/yaml'],
  ['application/yaml/more,text/*,application/json', 'application/json'],
  ['nothing,application/yaml', 'application/yaml'],
  [`${PROTOBUF};stream=watch`, PROTOBUF],
  ['application/yaml;stream=watch,application/json', 'application/json'],
  ['application/yaml;sv=v2,application/json', 'application/json'],
  ['application/yaml;v=v1,application/json', 'application/json'],
] as const) {
  test(`Accept: ${accept} gives ${expected}`, () => assert.equal(negotiated(accept).mediaType, expected));
}

test('a shape that this answer does not have is passed over', () => {
  assert.equal(negotiated('application/json;as=Other;v=v1;g=meta.k8s.io,application/json').as, undefined);
  assert.throws(() => negotiated('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'), code(406));
});

test('what cannot be served is 406, what cannot be read 415', () => {
  assert.throws(() => negotiated('application/xml'), code(406));
  assert.throws(() => bodyFormat('text/plain'), code(415));
  assert.equal(bodyFormat('application/yaml; charset=utf-8'), 'yaml');
});

test('people get indented answers, programs do not', () => {
  assert.equal(negotiated(undefined, '', 'curl/8').pretty, true);
  assert.equal(negotiated(undefined, 'pretty=false', 'curl/8').pretty, false);
  assert.equal(negotiated(undefined, 'pretty=true').pretty, true);
  assert.equal(negotiated(undefined, 'pretty=yes').pretty, false);
  assert.equal(negotiated('application/json;pretty=1').pretty, true);
  assert.equal(negotiated(undefined).pretty, false);
});
