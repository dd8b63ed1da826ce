// Patches of accepted objects at one place: as JSON patches, strategic merge patches and applied configurations, some of
// which take what another manager owns. Dry runs, so that none minds the other.
import type { Question } from '../../test/vectors/play.ts';
import { anyPath, type Fields, isFields, type Place, placesOf, type Steps } from './places.ts';
import {
  GENERIC,
  type Inquiry,
  type Making,
  nameOf,
  ownSeeds,
  patchTo,
  settling,
  typed,
  variants,
} from './scenarios.ts';
import type { Subject } from './seeds.ts';

const DRY = 'dryRun=All';
const PATCHES_PER_SCENARIO = 20;

/** `amount` patches of each of a few seeds. */
export function patches(subject: Subject, making: Making, amount: number): Inquiry[] {
  const seeds = making.chance.some(ownSeeds(subject), 3);
  return seeds.flatMap((seed, i) => {
    const places = placesOf(seed, subject.model).filter(
      ({ steps }) => steps.length > 0 && !GENERIC.test(anyPath(steps)),
    );
    if (places.length === 0) return [];
    const steps = Array.from({ length: amount }, () => patchAt(subject, seed, making.chance.one(places), making));
    const made = steps.filter((step) => step !== undefined);
    const parts = Math.ceil(made.length / PATCHES_PER_SCENARIO);
    return Array.from({ length: parts }, (_, part) => ({
      name: `${subject.name}: patches of ${i + 1} (${part + 1})`,
      steps: [
        { do: { method: 'POST', path: subject.path, body: seed } },
        {
          ...settling(subject.definition),
          do: { method: 'GET', path: `${subject.path}/${nameOf(seed)}` },
          pick: ['/kind'],
        },
        ...made.slice(part * PATCHES_PER_SCENARIO, (part + 1) * PATCHES_PER_SCENARIO),
      ],
    }));
  });
}

function patchAt(subject: Subject, seed: Fields, place: Place, making: Making): Question | undefined {
  const { chance } = making;
  const bodies = variants(seed, place, making).filter(isFields);
  if (bodies.length === 0) return undefined;
  const body = chance.one(bodies);
  const at = `${subject.path}/${nameOf(seed)}?${DRY}`;
  const patch = (type: string, patched: unknown, query = ''): Question => ({
    do: { method: 'PATCH', path: `${at}${query}`, type: `application/${type}`, body: patched },
  });
  switch (chance.below(4)) {
    case 0:
      return patch('json-patch+json', operations(body, place.steps, chance.below(4)));
    case 1:
      return patch('strategic-merge-patch+json', patchTo(seed, body));
    case 2:
      return patch('apply-patch+yaml', typed(subject, onlyAt(body, place.steps)), '&fieldManager=other');
    default:
      return patch('apply-patch+yaml', typed(subject, body), '&fieldManager=other&force=true');
  }
}

/** The object's name and what is at the place, lists up to it whole. */
function onlyAt(body: Fields, steps: Steps): Fields {
  const { name } = isFields(body.metadata) ? body.metadata : {};
  const ofName = { metadata: { name } };
  const [first, second] = steps;
  if (typeof first !== 'string' || first === 'metadata') return { ...ofName };
  const part = body[first];
  if (typeof second !== 'string' || !isFields(part)) return { ...ofName, [first]: part };
  return { ...ofName, [first]: { [second]: part[second] } };
}

function operations(body: Fields, steps: Steps, kind: number): unknown[] {
  const value = steps.reduce<unknown>((at, step) => (at as Record<string | number, unknown> | undefined)?.[step], body);
  const path = steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  const op = ['replace', 'add', 'remove', 'test'][kind];
  return [{ op, path, ...(op === 'remove' ? {} : { value: value ?? null }) }];
}
