// Recorded scenarios with another body in one of their later requests, so that what went before it is the setting:
// a volume that is bound, a Pod that runs, a status that was reported.
import type { ResourceDefinition } from '../../src/api/definition.ts';
import { kindFact } from '../../src/api/facts.ts';
import { builtinDefinitions } from '../../src/api/index.ts';
import { recordings, type Scenario, type Step, scenariosOf } from '../../test/vectors/scenario.ts';
import { anyPath, type Fields, isFields, placesOf } from './places.ts';
import { GENERIC, type Inquiry, isTellable, type Making, variants } from './scenarios.ts';
import { RESOURCE } from './seeds.ts';

/** The generic machinery has other rules than those of types. */
const ABOUT_TYPES = /^(core|groups)-|-subresources$/;
/** What such scenarios make holds for everybody until it is deleted. */
const FOR_ALL = /globalDefault|is-default-class|WebhookConfiguration|AdmissionPolicy/;
const PATCHES = /^application\/(merge-patch|strategic-merge-patch)\+json$/;

/** One for each later request that has an object for a body. */
export function neighbours(only: RegExp, making: Making): Inquiry[] {
  const definitions = new Map(builtinDefinitions().map((definition) => [idOf(definition), definition]));
  return recordings()
    .filter((recording) => ABOUT_TYPES.test(recording))
    .flatMap(scenariosOf)
    .filter((scenario) => only.test(scenario.name) && !FOR_ALL.test(JSON.stringify(scenario)))
    .flatMap((scenario) =>
      scenario.steps.flatMap((step, i) => {
        const model = modelOf(step, definitions);
        if (!model || (i === 0 && !isCalled(step))) return [];
        return [inquiry(scenario, i, someBodies(step.do.body as Fields, model, making))];
      }),
    )
    .filter(({ steps }) => steps.length > 0);
}

const idOf = ({ group, version, plural }: ResourceDefinition): string => [group, version, plural].join('/');

/** What the body of a request is, where that is known. */
function modelOf({ do: request }: Step, definitions: ReadonlyMap<string, ResourceDefinition>): string | undefined {
  const { method, path, type, body } = request;
  if (!isFields(body) || (method === 'PATCH' && !PATCHES.test(type ?? '')) || (method !== 'PATCH' && type))
    return undefined;
  const { group = '', version, plural = '', sub } = RESOURCE.exec(path)?.groups ?? {};
  const definition = definitions.get([group, version, plural].join('/'));
  if (!definition || method === 'DELETE') return undefined;
  const other = sub === undefined ? undefined : definition.subresources[sub];
  if (sub !== undefined && !other) return undefined;
  return other ? kindFact(other.group, other.version, other.kind).t : definition.schema.model;
}

/** Reviews and the like are first requests with nothing before them, and no objects that are kept. */
const isCalled = ({ do: { path } }: Step): boolean => /reviews(\?|$)|\/token(\?|$)/.test(path);

function someBodies(body: Fields, model: string, making: Making): Fields[] {
  const places = placesOf(body, model).filter(({ steps }) => !GENERIC.test(anyPath(steps)));
  const bodies = places.flatMap((place) => variants(body, place, making));
  return making.chance.some(bodies.filter(isTellable), making.count);
}

function inquiry({ name, steps }: Scenario, at: number, bodies: readonly Fields[]): Inquiry {
  const before = steps.slice(0, at).map(({ want: _want, ...step }) => step);
  const { want: _want, keep: _keep, ...step } = steps[at] as Step;
  // What was made is taken away again.
  const after = steps.slice(at + 1).filter(({ do: { method } }) => method === 'DELETE');
  const path = `${step.do.path}${step.do.path.includes('?') ? '&' : '?'}dryRun=All`;
  return {
    name: `${name}, near step ${at + 1}`,
    steps:
      bodies.length === 0
        ? []
        : [
            ...before,
            ...bodies.map((body) => ({ ...step, do: { ...step.do, path, body } })),
            ...after.map(({ do: request }) => ({ do: request })),
          ],
  };
}
