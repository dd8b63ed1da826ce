// People's definitions as requests: each CustomResourceDefinition of a folder is made and served, the objects of its kinds
// are asked about as manifests are, then variants of them by chance, and it is removed.
import type { Question } from '../../test/vectors/play.ts';
import { stepsFor } from './manifests.ts';
import { type Fields, isFields, type Steps, withValue } from './places.ts';
import type { Chance } from './random.ts';
import type { Inquiry } from './scenarios.ts';

interface Names {
  plural: string;
  kind: string;
}

interface Definition extends Fields {
  metadata: { name: string };
  spec: { group: string; scope: string; names: Names; versions: { name: string; served: boolean }[] };
}

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;

export const isDefinition = (object: Fields): object is Definition =>
  object.kind === 'CustomResourceDefinition' &&
  object.apiVersion === 'apiextensions.k8s.io/v1' &&
  Array.isArray((object.spec as Fields | undefined)?.versions);

/** Of a file with definitions and objects of them; `variants`: of each object, and of each definition. */
export const definitionInquiries = (
  file: string,
  objects: readonly Fields[],
  { chance, variants }: { chance: Chance; variants: number },
): Inquiry[] =>
  objects.filter(isDefinition).map((definition) => ({
    name: `${file}: ${definition.metadata.name}`,
    steps: [
      ...(variants > 0 ? changed(definition, { chance, variants }).map(dryRun(DEFINITIONS)) : []),
      { do: { method: 'POST', path: DEFINITIONS, body: definition } },
      established(definition),
      ...definition.spec.versions.filter(({ served }) => served).map(({ name }) => described(definition, name)),
      ...instancesOf(definition, objects).flatMap(({ object, version }) => {
        const type = typeOf(definition, version);
        return [
          ...stepsFor(object, type),
          ...changed(object, { chance, variants }).map(
            dryRun(`/apis/${type.group}/${version}/${type.namespaced ? `namespaces/$\{ns}/` : ''}${type.plural}`),
          ),
        ];
      }),
      { do: { method: 'DELETE', path: `${DEFINITIONS}/${definition.metadata.name}` }, pick: ['/metadata/name'] },
    ],
  }));

const dryRun =
  (path: string) =>
  (body: Fields): Question => ({ do: { method: 'POST', path: `${path}?dryRun=All&fieldValidation=Strict`, body } });

const established = ({ metadata }: Definition): Question => ({
  do: { method: 'GET', path: `${DEFINITIONS}/${metadata.name}` },
  until: { '/status/conditions/1/type': 'Established' },
  pick: ['/spec', '/status/acceptedNames', '/status/storedVersions'],
});

/** What explain, apply and typed clients read. */
function described({ spec: { group, names } }: Definition, version: string): Question {
  const schema = `/components/schemas/${[...group.split('.').reverse(), version, names.kind].join('.')}`;
  return {
    do: { method: 'GET', path: `/openapi/v3/apis/${group}/${version}` },
    until: { [`${schema}/x-kubernetes-group-version-kind/0/kind`]: names.kind },
    pick: [schema],
  };
}

const typeOf = ({ spec: { group, scope, names } }: Definition, version: string) => ({
  group,
  version,
  plural: names.plural,
  namespaced: scope === 'Namespaced',
  verbs: VERBS,
});

const instancesOf = ({ spec: { group, names, versions } }: Definition, objects: readonly Fields[]) =>
  objects.flatMap((object) => {
    const version = versions.find(({ name, served }) => served && object.apiVersion === `${group}/${name}`)?.name;
    return version !== undefined && object.kind === names.kind ? [{ object, version }] : [];
  });

/** Beside what is there already, what may stand in any place. */
const VALUES: readonly unknown[] = [
  '',
  'a',
  'x.y/z',
  '10',
  0,
  1,
  -1,
  1.5,
  2 ** 40,
  true,
  false,
  null,
  [],
  {},
  ['a'],
  { a: 'b' },
];

/** The object with another value, nothing, or an unknown field in one place each. */
function changed(object: Fields, { chance, variants }: { chance: Chance; variants: number }): Fields[] {
  const places = placesIn(object).filter(
    ([first, second]) => first !== 'apiVersion' && first !== 'kind' && (first !== 'metadata' || second === 'labels'),
  );
  if (places.length === 0) return [];
  return Array.from({ length: variants }, () => {
    const steps = chance.one(places);
    switch (chance.below(5)) {
      case 0:
        return withValue(object, steps, undefined);
      case 1:
        return withUnknown(object, steps);
      default:
        return withValue(object, steps, chance.one(VALUES));
    }
  });
}

function withUnknown(object: Fields, steps: Steps): Fields {
  const at = steps.reduce<unknown>((value, step) => (value as Fields)[step], object);
  return withValue(object, isFields(at) ? [...steps, 'unknownField'] : steps, 'b');
}

function placesIn(value: unknown, steps: Steps = []): Steps[] {
  const parts = Array.isArray(value) ? [...value.keys()] : isFields(value) ? Object.keys(value) : [];
  const inner = parts.flatMap((part) => placesIn((value as Fields)[part], [...steps, part]));
  return steps.length === 0 ? inner : [steps, ...inner];
}
