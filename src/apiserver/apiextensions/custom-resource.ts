// A version of a CustomResourceDefinition as the same value that built-in types have: one registry, one path.
import { createRuleValidator, type RuleValidator } from '../../api/apiextensions/rules.ts';
import type { Schema } from '../../api/apiextensions/schema.ts';
import { ageOf } from '../../api/columns/age.ts';
import type {
  Cell,
  Column,
  ResourceDefinition,
  ScalePaths,
  SubresourceDefinition,
  TableContext,
  Verb,
} from '../../api/definition.ts';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '../../api/types/apiextensions/v1.ts';
import { compileJsonPath, type JsonPath, printJsonPathValue } from '../../apimachinery/json-path.ts';
import { JsonPathError } from '../../apimachinery/json-path-parser.ts';
import { compareVersions } from '../../apimachinery/kube-version.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { nameIsDNSSubdomain } from '../../apimachinery/names.ts';
import { forbidden } from '../../apimachinery/status-error.ts';
import { applyShape } from './apply-shape.ts';
import type { ConvertObjects } from './conversion.ts';
import { fitToSchema } from './fit.ts';
import {
  finalizerWarnings,
  type Rules,
  validateCustom,
  validateCustomStatus,
  validateCustomUpdate,
} from './validation.ts';
import { createViews, setDefaults } from './views.ts';

/** In the order in which upstream tells them of custom resources. */
const VERBS: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const WRITING = ['get', 'patch', 'update'];

export interface MakingOptions {
  /** Converts between versions where the names are not all that differs. */
  ask?: ConvertObjects | undefined;
  retired?: AbortSignal;
}

/** One definition for each served version. */
export function definitionsOf(crd: CustomResourceDefinition, options: MakingOptions = {}): ResourceDefinition[] {
  return (crd.spec.versions ?? []).filter(({ served }) => served).map((version) => definitionOf(crd, version, options));
}

/** The version that is stored, served or not. */
export function storedDefinitionOf(crd: CustomResourceDefinition, options: MakingOptions): ResourceDefinition {
  const stored = crd.spec.versions.find(({ storage }) => storage) as CustomResourceDefinitionVersion;
  return definitionOf(crd, stored, options);
}

function definitionOf(
  { spec, metadata: { deletionTimestamp, uid = '', generation = 0 } }: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  { ask, retired }: MakingOptions,
): ResourceDefinition {
  const { group, names } = spec;
  const stored = spec.versions.find(({ storage }) => storage) ?? version;
  const schema = schemaOf(version);
  const scale = scaleOf(version);
  let expressions: { validator: RuleValidator | undefined } | undefined;
  const tolerated = new WeakMap<AnyObject, readonly string[]>();
  const rules: Rules = {
    schema,
    scale,
    expressions() {
      expressions ??= { validator: createRuleValidator(schema, true) };
      return expressions.validator;
    },
    tolerate: (object, warnings) => void tolerated.set(object, warnings),
  };
  const hasStatus = version.subresources?.status !== undefined;
  const columns = columnsOf(version);
  const views = createViews({
    apiVersion: `${group}/${version.name}`,
    schemas: new Map(spec.versions.map((one) => [`${group}/${one.name}`, schemaOf(one)])),
    storedApiVersion: `${group}/${stored.name}`,
    ask,
  });
  return {
    group,
    version: version.name,
    plural: names.plural,
    kind: names.kind,
    namespaced: spec.scope === 'Namespaced',
    singular: names.singular || names.kind.toLowerCase(),
    listKind: names.listKind || `${names.kind}List`,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    verbs: VERBS,
    schema: { model: '', fields: new Map(), typeMeta: true },
    customSchema: schema,
    subresources: subresourcesOf(group, version, names.kind),
    storage: { group, resource: names.plural, version: stored.name },
    selectableFields: Object.fromEntries(
      (version.selectableFields ?? []).map(({ jsonPath }) => {
        const read = columnPath(jsonPath);
        return [jsonPath.replace(/^\./, ''), (object: AnyObject) => String(read?.(object) ?? '')];
      }),
    ),

    fit: (decoded, types) => fitToSchema(decoded, schema, types),
    applyShape: (types) => applyShape(schema, types),
    setDefaults: (object) => setDefaults(object, schema),
    views,
    edition: `${uid}.${generation}`,
    ...(retired ? { retired } : {}),
    toStorage: unused,
    fromStorage: unused,

    prepareForCreate(object) {
      if (deletionTimestamp) {
        throw forbidden(
          { group, resource: names.plural },
          object.metadata.name ?? '',
          'create not allowed while custom resource definition is terminating',
        );
      }
      if (hasStatus) delete object.status;
    },
    prepareForUpdate(object, old) {
      if (hasStatus) keep(object, old, 'status');
      if (content(object, hasStatus) !== content(old, hasStatus)) {
        object.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
    },
    prepareForStatusUpdate(object, old) {
      for (const field of new Set([...Object.keys(object), ...Object.keys(old)])) {
        if (field !== 'metadata' && field !== 'status') keep(object, old, field);
      }
      const { managedFields, resourceVersion } = object.metadata;
      object.metadata = { ...structuredClone(old.metadata), ...(managedFields ? { managedFields } : {}) };
      if (resourceVersion) object.metadata.resourceVersion = resourceVersion;
    },
    hasGeneration: true,

    validateName: nameIsDNSSubdomain,
    validate: (object) => validateCustom(object, rules),
    validateUpdate: (object, old) => validateCustomUpdate(object, old, rules),
    validateStatusUpdate: (object, old) => validateCustomStatus(object, old, rules),
    warnings: (object, old) => [...finalizerWarnings(object, old), ...(tolerated.get(object) ?? [])],
    ...(version.deprecated ? { deprecation: version.deprecationWarning ?? deprecationOf(spec, version.name) } : {}),
    ...(scale ? { scale } : {}),

    allowCreateOnUpdate: false,
    allowUnconditionalUpdate: false,
    deletionGrace: () => undefined,
    defaultPropagation: 'Background',
    validatesGenerateName: true,
    judgesNameLast: false,
    returnDeletedObject: false,
    ttlSeconds: undefined,

    columns: columns.map(({ read: _read, ...column }) => column),
    cells: (object, context) => columns.map(({ read }) => read(object, context)),
  };
}

/** Custom resources have views instead. */
const unused = (): never => {
  throw new TypeError('custom resources are converted by their views');
};

const schemaOf = ({ schema }: CustomResourceDefinitionVersion): Schema =>
  (schema?.openAPIV3Schema ?? { 'x-kubernetes-preserve-unknown-fields': true }) as Schema;

const steps = (path: string): string[] => path.replace(/^\./, '').split('.');

function scaleOf({ subresources }: CustomResourceDefinitionVersion): ScalePaths | undefined {
  if (!subresources?.scale) return undefined;
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = subresources.scale;
  return {
    specReplicas: steps(specReplicasPath),
    statusReplicas: steps(statusReplicasPath),
    selector: labelSelectorPath ? steps(labelSelectorPath) : undefined,
  };
}

function subresourcesOf(group: string, { name, subresources }: CustomResourceDefinitionVersion, kind: string) {
  const found: Record<string, SubresourceDefinition> = {};
  if (subresources?.status) found.status = { name: 'status', group, version: name, kind, verbs: WRITING };
  if (subresources?.scale) {
    found.scale = { name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: WRITING };
  }
  return found;
}

function keep(object: AnyObject, old: AnyObject, field: string): void {
  if (old[field] === undefined) delete object[field];
  else object[field] = structuredClone(old[field]);
}

/** What generation counts changes of. */
function content(object: AnyObject, hasStatus: boolean): string {
  const { metadata: _metadata, apiVersion: _apiVersion, kind: _kind, ...rest } = object;
  if (hasStatus) delete rest.status;
  return JSON.stringify(rest, (_key, value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

type ReadColumn = Column & { read(object: AnyObject, context: TableContext): Cell };

/** Up to the first whose path cannot be read, as upstream has it. */
function columnsOf({ additionalPrinterColumns }: CustomResourceDefinitionVersion): ReadColumn[] {
  const name: ReadColumn = {
    name: 'Name',
    type: 'string',
    format: 'name',
    priority: 0,
    read: ({ metadata }) => metadata.name ?? '',
  };
  const columns = [name];
  for (const { jsonPath, type, format, description, priority, name: title } of additionalPrinterColumns ?? [AGE]) {
    const find = columnPath(jsonPath);
    if (!find) break;
    columns.push({
      name: title,
      type,
      format: format ?? '',
      description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
      priority: priority ?? 0,
      read: (object, context) => cell(find(object), type, context),
    });
  }
  return columns;
}

const AGE: CustomResourceColumnDefinition = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

/** The first value of a path; undefined where there is none. */
function columnPath(path: string): ((object: AnyObject) => unknown) | undefined {
  const find = compilePath(path);
  return (
    find &&
    ((object) => {
      try {
        return find(object)[0];
      } catch (error) {
        if (!(error instanceof JsonPathError)) throw error;
        return undefined;
      }
    })
  );
}

function compilePath(path: string): JsonPath | undefined {
  try {
    return compileJsonPath(path);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    return undefined;
  }
}

function cell(value: unknown, type: string, context: TableContext): Cell {
  if (value === undefined) return null;
  if (type === 'string') return printJsonPathValue(value);
  if (type === 'date') {
    if (typeof value !== 'string') return null;
    return Number.isNaN(Date.parse(value)) ? '<invalid>' : ageOf(value, context);
  }
  if (type === 'integer')
    return typeof value === 'number' ? Math.trunc(value) : typeof value === 'bigint' ? value : null;
  if (type === 'number') return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
  return type === 'boolean' && typeof value === 'boolean' ? value : null;
}

/** With what to use instead: the best version that is served, not deprecated, and better than this one. */
function deprecationOf({ group, names, versions }: CustomResourceDefinition['spec'], name: string): string {
  const [better] = versions
    .filter((version) => version.served && !version.deprecated && compareVersions(version.name, name) < 0)
    .sort((a, b) => compareVersions(a.name, b.name));
  const instead = better ? `; use ${group}/${better.name} ${names.kind}` : '';
  return `${group}/${name} ${names.kind} is deprecated${instead}`;
}
