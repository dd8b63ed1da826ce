// What is known to be good, out of the recordings: objects that upstream has accepted, and every value it was ever
// asked about, good or bad, by the slot it was in.
import type { ResourceDefinition } from '../../src/api/definition.ts';
import { builtinDefinitions } from '../../src/api/index.ts';
import { recordings, type Step, scenariosOf } from '../../test/vectors/scenario.ts';
import { anyPath, type Fields, isFields, placesOf } from './places.ts';

export interface Subject {
  definition: ResourceDefinition;
  /** core/Pod, autoscaling/HorizontalPodAutoscaler v1: as recordings name it. */
  name: string;
  /** Where it is created, with ${ns}. */
  path: string;
  model: string;
  /** Accepted objects, small ones first; each has a field that those before it lack. */
  seeds: readonly Fields[];
  /** Values of status that were tried. */
  statuses: readonly Fields[];
}

/** Slot → values as JSON. */
export type Vocabulary = ReadonlyMap<string, ReadonlySet<string>>;

const LONGEST_VALUE = 1500;
const LARGEST_SEED = 6000;
/** Group, version, scope, plural, name and subresource of a path. */
export const RESOURCE =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)(?<scope>\/namespaces\/[^/]+)?\/(?<plural>[^/?]+)(?:\/(?<name>[^/?]+)(?:\/(?<sub>\w+))?)?(?:\?|$)/;

export function readRecordings(): { subjects: Subject[]; vocabulary: Vocabulary } {
  const byId = new Map(builtinDefinitions().map((definition) => [idOf(definition), definition]));
  const accepted = new Map<string, Map<string, Fields>>();
  const statuses = new Map<string, Map<string, Fields>>();
  const vocabulary = new Map<string, Set<string>>();
  for (const step of recordedSteps()) {
    const { group = '', version, plural = '' } = RESOURCE.exec(step.do.path)?.groups ?? {};
    const id = [group, version, plural].join('/');
    const definition = byId.get(id);
    const { body } = step.do;
    if (!definition || !isFields(body)) continue;
    for (const { slot, value } of placesOf(body, definition.schema.model)) {
      const text = JSON.stringify(value);
      if (text.length > LONGEST_VALUE) continue;
      const values = vocabulary.get(slot) ?? new Set();
      vocabulary.set(slot, values.add(text));
    }
    if (isFields(body.status)) keep(statuses, id, body.status);
    if (step.do.method === 'POST' && step.want.code === 201 && !step.do.type && isFields(body.metadata)) {
      keep(accepted, id, body);
    }
  }
  const subjects = [...accepted].flatMap(([id, objects]) => {
    const definition = byId.get(id);
    if (!definition?.verbs.includes('get')) return [];
    const { model } = definition.schema;
    const seeds = cover([...objects.values()], model);
    return [{ ...addressOf(definition), definition, model, seeds, statuses: [...(statuses.get(id)?.values() ?? [])] }];
  });
  return { subjects: subjects.sort((a, b) => (a.name < b.name ? -1 : 1)), vocabulary };
}

const idOf = ({ group, version, plural }: ResourceDefinition): string => [group, version, plural].join('/');

const recordedSteps = (): Step[] => recordings().flatMap((name) => scenariosOf(name).flatMap(({ steps }) => steps));

function keep(map: Map<string, Map<string, Fields>>, id: string, object: Fields): void {
  const text = JSON.stringify(object);
  if (text.length > LARGEST_SEED) return;
  const objects = map.get(id) ?? new Map<string, Fields>();
  map.set(id, objects.set(text, object));
}

function addressOf({ group, version, plural, kind, namespaced }: ResourceDefinition): { name: string; path: string } {
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  const path = namespaced ? `${root}/namespaces/\${ns}/${plural}` : `${root}/${plural}`;
  return { name: `${group.split('.')[0] || 'core'}/${kind} ${version}`, path };
}

/** As few as have every path that any has. */
function cover(objects: readonly Fields[], model: string): Fields[] {
  const seen = new Set<string>();
  return objects
    .toSorted((a, b) => JSON.stringify(a).length - JSON.stringify(b).length)
    .filter((object) => {
      const paths = placesOf(object, model).map(({ steps }) => anyPath(steps));
      const isNew = paths.some((path) => !seen.has(path));
      for (const path of paths) seen.add(path);
      return isNew;
    });
}
