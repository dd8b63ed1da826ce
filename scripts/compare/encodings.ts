// Objects of every type written and read in protobuf, YAML and, where its gate is on, CBOR: single, in lists, in watches,
// as metadata, as a Table, and what is refused.
import { builtinSchema } from '../../src/api/facts.ts';
import { DecodeError } from '../../src/apimachinery/codec/decoded.ts';
import { decodeTyped } from '../../src/apimachinery/codec/strict.ts';
import type { JsonObject } from '../../src/apimachinery/meta.ts';
import type { Question } from '../../test/vectors/play.ts';
import { type Fields, placesOf } from './places.ts';
import { type Inquiry, isTellable, type Making, nameOf, ownSeeds, typed, variants } from './scenarios.ts';
import type { Subject } from './seeds.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const CBOR = 'application/cbor';
const SHAPES = ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'];
const ALSO = ['decoded', 'contentType'];

/** Of each of a few seeds; `cbor` asks for that too. */
export function encodings(subject: Subject, making: Making, cbor: boolean): Inquiry[] {
  const types = [PROTOBUF, ...(cbor ? [CBOR] : []), 'application/yaml'];
  const seeds = making.chance.some(ownSeeds(subject), making.count);
  return seeds.flatMap((seed, i) =>
    types.map((type) => ({
      name: `${subject.name}: ${type} of ${i + 1}`,
      steps: [...stepsFor(subject, typed(subject, seed), { type, making }), ...patchesIn(type, subject, seed)],
    })),
  );
}

function stepsFor(subject: Subject, seed: Fields, { type, making }: { type: string; making: Making }): Question[] {
  const { path } = subject;
  const name = nameOf(seed);
  const one = `${path}/${name}`;
  const only = `${path}?fieldSelector=metadata.name%3D${name}`;
  const writing = type === 'application/yaml' ? { accept: type } : { type, accept: type, encode: true };
  const asked = (request: Question['do']): Question => ({ do: { accept: type, ...request }, also: ALSO });
  const gets = (accept: string): Question[] => [
    asked({ method: 'GET', path: one, accept }),
    asked({ method: 'GET', path: only, accept }),
  ];
  return [
    asked({ method: 'POST', path, ...writing, body: seed }),
    asked({ method: 'POST', path, ...writing, body: seed }),
    ...variantsOf(subject, seed, { type, making }).map((body) =>
      asked({ method: 'POST', path: `${path}?dryRun=All`, ...writing, body }),
    ),
    ...gets(type),
    ...SHAPES.flatMap((shape) => {
      const as = `${type};as=${shape};v=v1;g=meta.k8s.io`;
      return [...gets(as), ...gets(`${as},application/json;as=${shape};v=v1;g=meta.k8s.io,application/json`)];
    }),
    asked({ method: 'GET', path: `${only}&watch=true&timeoutSeconds=1` }),
    asked({
      method: 'GET',
      path: `${only}&watch=true&timeoutSeconds=1`,
      accept: `${type};as=PartialObjectMetadata;v=v1;g=meta.k8s.io`,
    }),
    asked({ method: 'GET', path: `${path}/nothing-of-that-name` }),
    asked({ method: 'GET', path: `${path}?limit=x` }),
    asked({ method: 'PUT', path: one, ...writing, body: { ...seed, metadata: { name: 'other' } } }),
    asked({ method: 'DELETE', path: one, body: { preconditions: { uid: 'none' } } }),
    asked({ method: 'DELETE', path: one }),
  ];
}

/** Of CBOR alone there are patches. */
const patchesIn = (type: string, { path, definition }: Subject, seed: Fields): Question[] =>
  type !== CBOR || !definition.verbs.includes('patch')
    ? []
    : [
        {
          do: {
            method: 'PATCH',
            path: `${path}/${nameOf(seed)}?fieldManager=cbor&dryRun=All`,
            type: 'application/apply-patch+cbor',
            accept: CBOR,
            encode: true,
            body: seed,
          },
          also: ALSO,
        },
      ];

const VARIANTS = 6;

function variantsOf({ model }: Subject, seed: Fields, { type, making }: { type: string; making: Making }): Fields[] {
  const places = placesOf(seed, model).filter(({ steps }) => steps.length > 0);
  const some = making.chance.some(places, VARIANTS).flatMap((place) => variants(seed, place, making));
  const tellable = some.filter((body) => isTellable(body) && (type !== PROTOBUF || fits(body, model)));
  return making.chance.some(tellable, VARIANTS);
}

/** Protobuf can only say what is of the right type. */
function fits(value: Fields, model: string): boolean {
  const decoded = { value: value as JsonObject, duplicates: [], literals: new Map<string, string>(), problems: [] };
  try {
    return decodeTyped(decoded, builtinSchema.type(model), builtinSchema).problems.length === 0;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}
