// Requests that nobody has recorded, made from those that are. A scenario is about one place of one object: creations
// of it with other values there, or changes of it to those; dry runs, so that none minds the other.
import { isDeepStrictEqual } from 'node:util';
import type { Question } from '../../test/vectors/play.ts';
import type { Request } from '../../test/vectors/scenario.ts';
import { type Choosing, knownValues, missingFields, someValues } from './mutations.ts';
import { anyPath, type Fields, isFields, type Place, placesOf, type Steps, withValue } from './places.ts';
import type { Subject } from './seeds.ts';

/** A scenario that nobody has answered. */
export interface Inquiry {
  name: string;
  steps: readonly Question[];
}

export interface Making extends Choosing {
  /** Values tried at one place. */
  count: number;
}

const DRY = '?dryRun=All';
const STEPS_PER_SCENARIO = 25;
/** What belongs to the generic machinery, which has recordings of its own, and names that come of chance. */
export const GENERIC =
  /^\.(apiVersion|kind|metadata\.(uid|resourceVersion|creationTimestamp|managedFields|selfLink|generation|generateName))/;

/** The first seed that has a path stands for all. */
function placesToTry({ seeds, model }: Subject): { seed: Fields; place: Place }[] {
  const seen = new Set<string>();
  return seeds.flatMap((seed) =>
    placesOf(seed, model).flatMap((place) => {
      const path = anyPath(place.steps);
      if (GENERIC.test(path) || seen.has(path)) return [];
      seen.add(path);
      return [{ seed, place }];
    }),
  );
}

/** Objects as `seed`, but for one place. */
export function variants(seed: Fields, place: Place, making: Making): Fields[] {
  const replaced = place.steps.length === 0 ? [] : someValues(place, making.count, making);
  const added = missingFields(place, making).flatMap(({ name, values }) =>
    GENERIC.test(anyPath([...place.steps, name]))
      ? []
      : making.chance.some(values, Math.ceil(making.count / 3)).map((value) => ({ name, value })),
  );
  return [
    ...replaced.map((value) => withValue(seed, place.steps, value)),
    ...added.map(({ name, value }) => withValue(seed, [...place.steps, name], value)),
  ].filter(isTellable);
}

/** The server's own choices cannot be compared. */
export const isTellable = (object: Fields): boolean => !isFields(object.metadata) || !object.metadata.generateName;

const named = (subject: Subject, what: string, steps: Steps): string =>
  `${subject.name}: ${what} ${anyPath(steps) || '.'}`;

/** Creations that differ from an accepted one at one place. */
export const creations = (subject: Subject, making: Making): Inquiry[] =>
  placesToTry(subject).flatMap(({ seed, place }) =>
    inParts(
      named(subject, 'create', place.steps),
      variants(seed, place, making).map((body) => ({ do: post(subject, body) })),
    ),
  );

/** Creations that differ from accepted ones at several places. */
export function mixtures(subject: Subject, making: Making, amount: number): Inquiry[] {
  const { chance } = making;
  const bodies = Array.from({ length: amount }, () => {
    let body = chance.one(subject.seeds);
    for (let i = 0, changes = 2 + chance.below(4); i < changes; i += 1) body = changedSomewhere(subject, body, making);
    return body;
  });
  return inParts(
    `${subject.name}: mixture`,
    bodies.filter(isTellable).map((body) => ({ do: post(subject, body) })),
  );
}

function changedSomewhere({ model }: Subject, body: Fields, making: Making): Fields {
  const { vocabulary, chance } = making;
  const places = placesOf(body, model).filter(({ steps }) => steps.length > 0 && !GENERIC.test(anyPath(steps)));
  const place = chance.one(places);
  const missing = missingFields(place, making).filter(
    ({ name, values }) => values.length > 0 && !GENERIC.test(anyPath([...place.steps, name])),
  );
  if (missing.length > 0) {
    const { name, values } = chance.one(missing);
    return withValue(body, [...place.steps, name], chance.one(values));
  }
  const known = knownValues(vocabulary, place.slot);
  return known.length > 0 ? withValue(body, place.steps, chance.one(known)) : body;
}

/** Changes of an accepted object at one place, through its own path and, for its status, through /status as well. */
export function updates(subject: Subject, making: Making): Inquiry[] {
  const { chance } = making;
  const own = { ...subject, seeds: ownSeeds(subject) };
  const ofPlaces = placesToTry(own).flatMap(({ seed, place }) => {
    const bodies = variants(seed, place, making).map((body) => changeOf(subject, seed, body, making));
    const changes = chance.some(bodies, making.count);
    return inUpdates(subject, { seed, what: named(subject, 'update', place.steps), changes });
  });
  const [seed] = own.seeds;
  if (!seed || !subject.definition.subresources.status) return ofPlaces;
  const changes = statusVariants(subject, making).flatMap((status) => {
    const change = changeOf(subject, seed, { ...seed, status }, making);
    return [change, { ...change, path: `${change.path.split('?')[0]}/status${DRY}` }];
  });
  return [...ofPlaces, ...inUpdates(subject, { seed, what: `${subject.name}: update status`, changes })];
}

const OWN = '$' + '{id}';

/** What is in no namespace gets a name that no other scenario has. */
function underOwnName({ definition }: Subject, seed: Fields): Fields {
  const name = nameOf(seed);
  if (definition.namespaced || name.includes(OWN)) return seed;
  const { group } = isFields(seed.spec) ? seed.spec : {};
  // The name of an APIService ends in its group.
  if (typeof group !== 'string' || !name.endsWith(`.${group}`)) return withValue(seed, ['metadata', 'name'], OWN);
  const ownGroup = `${OWN}.${group}`;
  const version = name.slice(0, -group.length);
  return withValue(withValue(seed, ['spec', 'group'], ownGroup), ['metadata', 'name'], `${version}${ownGroup}`);
}

/** Objects that no other scenario has, by their names. */
export const ownSeeds = (subject: Subject): Fields[] =>
  subject.seeds.map((seed) => underOwnName(subject, seed)).filter(isNameable);

const isNameable = (seed: Fields): boolean => isTellable(seed) && nameOf(seed) !== '';

/** Values of status that were tried, and those with one place changed. */
function statusVariants({ statuses, model }: Subject, making: Making): Fields[] {
  const seen = new Set<string>();
  const near = [{}, ...statuses].flatMap((status) =>
    placesOf({ status }, model).flatMap((place) => {
      const path = anyPath(place.steps);
      if (seen.has(path)) return [];
      seen.add(path);
      return variants({ status }, place, making).map((object) => object.status);
    }),
  );
  return [...statuses, ...near.filter(isFields)];
}

export function nameOf(object: Fields): string {
  const { name } = isFields(object.metadata) ? object.metadata : {};
  return typeof name === 'string' ? name : '';
}

/** An object that says its type. */
export const typed = ({ definition: { group, version, kind } }: Subject, object: Fields): Fields => ({
  apiVersion: group ? `${group}/${version}` : version,
  kind,
  ...object,
});

const post = ({ path }: Subject, body: Fields): Request => ({ method: 'POST', path: `${path}${DRY}`, body });

/** As a PUT of the object or as a merge patch. */
function changeOf({ path }: Subject, seed: Fields, body: Fields, { chance }: Making): Request {
  const at = `${path}/${nameOf(seed)}${DRY}`;
  if (chance.below(2) === 0) {
    return { method: 'PATCH', path: at, type: 'application/merge-patch+json', body: patchTo(seed, body) };
  }
  const metadata = { ...(isFields(body.metadata) ? body.metadata : {}), resourceVersion: '$' + '{rv}' };
  return { method: 'PUT', path: at, body: { ...body, metadata } };
}

/** The merge patch that makes `after` of `before`. */
export function patchTo(before: Fields, after: Fields): Fields {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changed = [...keys].filter((key) => !isDeepStrictEqual(before[key], after[key]));
  return Object.fromEntries(
    changed.map((key) => {
      const [from, to] = [before[key], after[key]];
      return [key, isFields(from) && isFields(to) ? patchTo(from, to) : (to ?? null)];
    }),
  );
}

/** These are told at once, in their status, what the server thinks of them. */
const SETTLING = ['apiextensions.k8s.io', 'apiregistration.k8s.io', 'flowcontrol.apiserver.k8s.io'];
const SETTLE_MS = 1000;

export const settling = ({ group }: Subject['definition']): { wait?: number } =>
  SETTLING.includes(group) ? { wait: SETTLE_MS } : {};

function inUpdates(
  { path, definition }: Subject,
  { seed, what, changes }: { seed: Fields; what: string; changes: readonly Request[] },
): Inquiry[] {
  const wait = settling(definition);
  const create = { do: { method: 'POST', path, body: seed } };
  const get = {
    do: { method: 'GET', path: `${path}/${nameOf(seed)}` },
    pick: ['/metadata/name'],
    keep: { rv: '/metadata/resourceVersion' },
  };
  return inParts(
    what,
    changes.map((change) => ({ do: change })),
  ).map(({ name, steps }) => ({ name, steps: [create, { ...get, ...wait }, ...steps] }));
}

function inParts(name: string, steps: readonly Question[]): Inquiry[] {
  const parts = Math.ceil(steps.length / STEPS_PER_SCENARIO);
  return Array.from({ length: parts }, (_, i) => ({
    name: parts === 1 ? name : `${name} (${i + 1})`,
    steps: steps.slice(i * STEPS_PER_SCENARIO, (i + 1) * STEPS_PER_SCENARIO),
  }));
}
