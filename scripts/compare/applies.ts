// Several managers at one object: seeded sequences of applies, forced or not, updates, patches and dry runs, over accepted
// objects of a type and parts of them, through the object's own path and its status.
import type { Request } from '../../test/vectors/scenario.ts';
import { anyPath, type Fields, placesOf, withValue } from './places.ts';
import { GENERIC, type Inquiry, type Making, nameOf, ownSeeds, patchTo, typed, variants } from './scenarios.ts';
import type { Subject } from './seeds.ts';

const MANAGERS = ['one', 'two', 'three', 'vectors'];
const STEPS = 16;

/** `amount` sequences for a type. */
export function applies(subject: Subject, making: Making, amount: number): Inquiry[] {
  const seeds = ownSeeds(subject);
  if (seeds.length === 0 || !subject.definition.verbs.includes('patch')) return [];
  return Array.from({ length: amount }, (_, i) => {
    const seed = typed(subject, making.chance.one(seeds));
    return sequence(subject, { name: `${subject.name}: managers ${i + 1}`, seed, making });
  });
}

function sequence(subject: Subject, { name, seed, making }: { name: string; seed: Fields; making: Making }): Inquiry {
  const { chance } = making;
  const one = `${subject.path}/${nameOf(seed)}`;
  const create: Request =
    chance.below(2) === 0
      ? { method: 'POST', path: `${subject.path}?fieldManager=${chance.one(MANAGERS)}`, body: seed }
      : apply(`${one}?fieldManager=${chance.one(MANAGERS)}`, seed);
  const wishes = wishesOf(subject, seed, making);
  const steps = Array.from({ length: STEPS }, () => writeOf(subject, seed, { one, wishes, making }));
  return { name, steps: [create, ...steps, { method: 'GET', path: one }].map((request) => ({ do: request })) };
}

/** Objects near the seed, of which each writer wants one, or a part of it. */
function wishesOf({ model }: Subject, seed: Fields, making: Making): Fields[] {
  const { chance } = making;
  const places = placesOf(seed, model).filter(({ steps }) => steps.length > 0 && !GENERIC.test(anyPath(steps)));
  const near = chance
    .some(places, 6)
    .flatMap((place) => variants(seed, place, { ...making, count: 3 }))
    .filter((body) => nameOf(body) === nameOf(seed));
  return [seed, seed, ...near];
}

interface Writing {
  one: string;
  wishes: readonly Fields[];
  making: Making;
}

function writeOf(subject: Subject, seed: Fields, { one, wishes, making }: Writing): Request {
  const { chance } = making;
  const wish = chance.one(wishes);
  const sub = subject.definition.subresources.status && chance.below(6) === 0 ? '/status' : '';
  const dry = chance.below(8) === 0 ? '&dryRun=All' : '';
  const at = `${one}${sub}?fieldManager=${chance.one(MANAGERS)}${dry}`;
  const body = sub && subject.statuses.length > 0 ? { ...wish, status: chance.one(subject.statuses) } : wish;
  switch (chance.below(8)) {
    case 0:
      return { method: 'PUT', path: at, body };
    case 1:
      return { method: 'PATCH', path: at, type: 'application/merge-patch+json', body: patchTo(seed, body) };
    case 2:
      return { method: 'PATCH', path: at, type: 'application/strategic-merge-patch+json', body: patchTo(seed, body) };
    default: {
      const force = chance.below(3) === 0 ? '&force=true' : '';
      return apply(`${at}${force}`, chance.below(3) === 0 ? body : partOf(body, subject, making));
    }
  }
}

const apply = (path: string, body: Fields): Request => ({
  method: 'PATCH',
  path,
  type: 'application/apply-patch+yaml',
  body,
});

/** The object without some of what it has. */
function partOf(object: Fields, { model }: Subject, { chance }: Making): Fields {
  let part = object;
  for (let i = 0, times = 1 + chance.below(3); i < times; i += 1) {
    const places = placesOf(part, model).filter(({ steps }) => steps.length > 0 && !NEEDED.test(anyPath(steps)));
    if (places.length === 0) break;
    part = withValue(part, chance.one(places).steps, undefined);
  }
  return part;
}

const NEEDED = /^\.(apiVersion|kind|metadata(\.name)?)$/;
