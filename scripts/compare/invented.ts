// CustomResourceDefinitions at random, with schemas of every keyword, and objects of them, good and bad: created, read as
// tables, selected by their fields, patched, applied by two managers, and read in another version.
import type { Schema } from '../../src/api/apiextensions/schema.ts';
import type { Question } from '../../test/vectors/play.ts';
import type { Fields } from './places.ts';
import type { Chance } from './random.ts';
import type { Inquiry } from './scenarios.ts';
import { randomSchema, randomValue } from './schemas.ts';

const GROUP = '$' + '{id}.example.com';
const NAMESPACE = '$' + '{ns}';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const OBJECTS = 12;
const SETTLE_MS = 2000;
const MEMBERS = ['a', 'b', 'c', 'd', 'e'];

export function inventedDefinitions(chance: Chance, amount: number): Inquiry[] {
  return Array.from({ length: amount }, (_, i) => ({ name: `definitions: random ${i + 1}`, steps: life(chance) }));
}

const pathOf = (version: string): string => `/apis/${GROUP}/${version}/namespaces/${NAMESPACE}/things`;

function life(chance: Chance): Question[] {
  const spec: Schema = {
    type: 'object',
    properties: Object.fromEntries(MEMBERS.map((name) => [name, randomSchema(chance)])),
    ...(chance.below(3) === 0 ? { required: chance.some(MEMBERS, 1) } : {}),
  };
  const status: Schema = { type: 'object', properties: { n: { type: 'integer' }, free: randomSchema(chance) } };
  const schema: Schema = { type: 'object', properties: { spec, status } };
  const object = (name: string) => ({
    apiVersion: `${GROUP}/v1`,
    kind: 'Thing',
    metadata: { name },
    spec: randomValue(spec, chance),
    ...(chance.below(3) === 0 ? { status: randomValue(status, chance) } : {}),
  });
  const validation = () => chance.one(['', '&fieldValidation=Ignore', '&fieldValidation=Strict']);
  const all = pathOf('v1');
  const manager = () => `?fieldManager=${chance.one(['one', 'two'])}`;
  const change = (type: string, body: unknown, query: string): Question => ({
    do: { method: 'PATCH', path: `${all}/a${query}`, type: `application/${type}`, body },
    also: ['words'],
  });
  return [
    { do: { method: 'POST', path: CRDS, body: definition(schema, chance) }, also: ['words'] },
    // Waited for by the clock: one that was refused is never there.
    { do: { method: 'GET', path: `${CRDS}/things.${GROUP}` }, wait: SETTLE_MS, pick: ['/status/acceptedNames'] },
    ...Array.from({ length: OBJECTS }, () => ({
      do: { method: 'POST', path: `${all}?dryRun=All${validation()}`, body: object('a') },
    })),
    ...['a', 'b', 'c'].map((name) => ({ do: { method: 'POST', path: all, body: object(name) } })),
    // One that is there in any case.
    {
      do: {
        method: 'PATCH',
        path: `${all}/a?fieldManager=one&force=true`,
        type: 'application/apply-patch+yaml',
        body: bare,
      },
    },
    { do: { method: 'GET', path: all, accept: TABLE } },
    { do: { method: 'GET', path: `${all}?fieldSelector=spec.a%3Dabc` } },
    { do: { method: 'GET', path: `${all}?fieldSelector=spec.b%3D1` } },
    ...Array.from({ length: 6 }, () =>
      chance.below(2) === 0
        ? change('merge-patch+json', { spec: randomValue(spec, chance) }, manager())
        : change('apply-patch+yaml', object('a'), `${manager()}${chance.one(['', '&force=true'])}`),
    ),
    { do: { method: 'GET', path: `${pathOf('v2')}/a` } },
    { do: { method: 'PUT', path: `${all}/a/status`, body: object('a') } },
    { do: { method: 'PUT', path: `${all}/a`, body: object('a') } },
    { do: { method: 'GET', path: `${all}/a` } },
    { do: { method: 'DELETE', path: `${CRDS}/things.${GROUP}` }, pick: ['/kind'] },
  ];
}

const bare = { apiVersion: `${GROUP}/v1`, kind: 'Thing', metadata: { name: 'a' } };

function definition(schema: Schema, chance: Chance): Fields {
  const selectable = chance.some(['a', 'b'], chance.below(3)).map((name) => ({ jsonPath: `.spec.${name}` }));
  const columns = chance.some(MEMBERS, 3).map((name) => ({
    name,
    type: chance.one(['string', 'integer', 'number', 'boolean', 'date']),
    jsonPath: `.spec.${name}${chance.one(['', '', '.x', '[0]', '[*].k'])}`,
    ...(chance.below(4) === 0 ? { priority: 1 } : {}),
  }));
  const version = (name: string, storage: boolean) => ({
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: schema },
    ...(chance.below(2) === 0 ? { subresources: { status: {} } } : {}),
    ...(selectable.length > 0 ? { selectableFields: selectable } : {}),
    ...(chance.below(2) === 0 ? { additionalPrinterColumns: columns } : {}),
  });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `things.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [version('v1', true), version('v2', false)],
    },
  };
}
