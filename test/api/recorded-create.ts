// Replays recorded creations (their first request) on a definition, without a server: defaults, preparation and
// validation must end in the recorded answer. What only a server adds is taken out of both sides.
import { isDeepStrictEqual } from 'node:util';
import type { ResourceDefinition } from '../../src/api/definition.ts';
import type { AnyObject, StatusCause } from '../../src/apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../src/apimachinery/status-error.ts';

export interface Scenario {
  name: string;
  steps: {
    do: { method: string; path: string; type?: string; body?: unknown };
    want: { code: number; status?: { reason: string; causes?: StatusCause[] }; object?: AnyObject };
  }[];
}

/** undefined: not a creation that can be judged offline; '' for agreement, else what differs. */
export function judgeCreation(scenario: Scenario, definitions: readonly ResourceDefinition[]): string | undefined {
  const step = scenario.steps[0];
  if (step?.do.method !== 'POST' || step.do.type || typeof step.do.body !== 'object') return undefined;
  const found = findDefinition(step.do.path, definitions);
  // Reviews and the like are answered, not stored.
  if (!found?.definition.verbs.includes('get')) return undefined;
  if (![201, 422].includes(step.want.code) || /fieldValidation/.test(step.do.path)) return undefined;
  // Answers in parts or as tables have no metadata to compare.
  if (step.want.code === 201 && !step.want.object?.metadata) return undefined;
  const object = fill(structuredClone(step.do.body)) as AnyObject;
  if (!object.metadata) object.metadata = {};
  if (found.definition.namespaced) object.metadata.namespace ??= 'ns';
  const errors = create(found.definition, object);
  if (step.want.code === 422) return compareCauses(errors, step.want.status?.causes ?? []);
  if (errors.length > 0) return `refused: ${JSON.stringify(errors)}`;
  return compareObjects(object, step.want.object as AnyObject);
}

const FILLED: Readonly<Record<string, string>> = { ns: 'ns', id: 'id' };

/** Variables of the scenarios, as their player fills them. */
function fill(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{(\w+)\}/g, (all, name: string) => {
      return FILLED[name] ?? (/^x\d+$/.test(name) ? 'x'.repeat(Number(name.slice(1))) : all);
    });
  }
  if (Array.isArray(value)) return value.map(fill);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [fill(key) as string, fill(item)]));
}

function findDefinition(path: string, definitions: readonly ResourceDefinition[]) {
  const [bare = ''] = path.split('?');
  const match = /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)(?:\/namespaces\/[^/]+)?\/(?<plural>[^/]+)$/.exec(
    bare,
  );
  const { group = '', version, plural } = match?.groups ?? {};
  const definition = definitions.find((d) => d.group === group && d.version === version && d.plural === plural);
  return definition && { definition };
}

const UID = '00000000-0000-4000-8000-000000000000';

/** What the registry does around a definition when it creates. */
function create(definition: ResourceDefinition, object: AnyObject): FieldError[] {
  definition.setDefaults(object);
  const { metadata } = object;
  const nameErrors: FieldError[] = [];
  if (metadata.generateName) {
    for (const text of definition.validateName(metadata.generateName, true)) {
      nameErrors.push(fieldError.invalid('metadata.generateName', metadata.generateName, text));
    }
    metadata.name ||= `${metadata.generateName}aaaaa`;
  }
  if (!metadata.name) nameErrors.push(fieldError.required('metadata.name'));
  else {
    for (const text of definition.validateName(metadata.name, false)) {
      nameErrors.push(fieldError.invalid('metadata.name', metadata.name, text));
    }
  }
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  metadata.uid = UID;
  if (definition.hasGeneration) metadata.generation = 1;
  else delete metadata.generation;
  settle(definition, object);
  definition.prepareForCreate(object, { now: 0 });
  return [...nameErrors, ...definition.validate(object), ...(definition.validateCreate?.(object) ?? [])];
}

/** What admission and allocators have settled before a definition sees an object. */
function settle({ plural }: ResourceDefinition, object: AnyObject): void {
  const spec = object.spec as { serviceAccountName?: string; clusterIP?: string; clusterIPs?: string[] } | undefined;
  if (plural === 'pods' && spec) spec.serviceAccountName ||= 'default';
  if (plural === 'services' && spec?.clusterIP) spec.clusterIPs ??= [spec.clusterIP];
}

function compareCauses(errors: readonly FieldError[], wanted: readonly StatusCause[]): string {
  const line = ({ reason, field }: StatusCause) => `${reason} ${fill(field)}`;
  const got = errors.map(line).toSorted();
  const want = wanted.map(line).toSorted();
  return isDeepStrictEqual(got, want) ? '' : `causes ${JSON.stringify(got)}, recorded ${JSON.stringify(want)}`;
}

const SERVER_METADATA = [
  'uid',
  'creationTimestamp',
  'resourceVersion',
  'managedFields',
  'namespace',
  'name',
  'selfLink',
];

/** What admission plugins and allocators of the server add, and times of its clock. */
const ADMITTED =
  /^(\/spec\/(preemptionPolicy|priority|serviceAccount|serviceAccountName|tolerations|clusterIPs?|ipFamilies|ipFamilyPolicy|username|uid|groups|taints|ports\/\d+\/nodePort|healthCheckNodePort|containers\/\d+\/volumeMounts|volumes|imagePullSecrets|storageClassName|ingressClassName)|\/metadata\/(finalizers|generation)|\/spec\/tolerations\/\d+|\/spec\/taints\/\d+): undefined,|"<(time|uid)>"/;

function compareObjects(got: AnyObject, wanted: AnyObject): string {
  const mine = comparable(JSON.parse(JSON.stringify(got).replaceAll(UID, '<uid>')) as AnyObject);
  const theirs = comparable(fill(structuredClone(wanted)) as AnyObject);
  return differences(mine, theirs, '')
    .filter((difference) => !ADMITTED.test(difference))
    .join('; ');
}

function comparable(object: AnyObject): AnyObject {
  delete object.kind;
  delete object.apiVersion;
  for (const field of SERVER_METADATA) delete (object.metadata as Record<string, unknown>)[field];
  return object;
}

function differences(got: unknown, want: unknown, path: string): string[] {
  if (isDeepStrictEqual(got, want)) return [];
  const both =
    [got, want].every((v) => typeof v === 'object' && v !== null) && Array.isArray(got) === Array.isArray(want);
  if (!both) return [`${path}: ${JSON.stringify(got)}, recorded ${JSON.stringify(want)}`];
  const keys = new Set([...Object.keys(got as object), ...Object.keys(want as object)]);
  return [...keys].flatMap((key) =>
    differences((got as Record<string, unknown>)[key], (want as Record<string, unknown>)[key], `${path}/${key}`),
  );
}
