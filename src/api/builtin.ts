// Makes the definition of a built-in resource from its facts, the lists of strategies.ts and, where it has one, a
// behaviour of its own. The generic steps here are those that upstream's strategies repeat for each type.
import { isDeepStrictEqual } from 'node:util';
import { type AnyObject, type ObjectMeta, parseGroupVersion } from '../apimachinery/meta.ts';
import { nameIsDNSSubdomain, nameIsPathSegment } from '../apimachinery/names.ts';
import type { FieldError } from '../apimachinery/status-error.ts';
import { deepCopy } from '../apimachinery/value.ts';
import type { Behaviour } from './behaviour.ts';
import { tableOf } from './columns/index.ts';
import type { TableForm } from './columns/table-form.ts';
import { typeDefaults } from './defaults/index.ts';
import type { ResourceDefinition, SubresourceDefinition, Verb } from './definition.ts';
import { deprecationWarnings } from './deprecation.ts';
import { builtinSchema, kindFact, type ResourceFact } from './facts.ts';
import { createNormaliser, plainNormaliser, saysEmpty } from './normalise.ts';
import type { TypeSchema } from './schema.ts';
import {
  CONDITIONAL_UPDATE,
  COUNTS_GENERATIONS,
  CREATE_ON_UPDATE,
  FIRST_GENERATION,
  GENERATE_NAME_UNCHECKED,
  METADATA_LAST,
  type MetadataRules,
  metadataRulesOnStatusUpdate,
  metadataRulesOnUpdate,
  NAME_LAST,
  PATH_SEGMENT_NAMES,
  PLAIN_METADATA,
  RETURNS_DELETED,
  STATUS_JUDGES_DELETION,
  STATUS_KEEPS_METADATA,
  STATUS_ON_CREATE,
  TELLS_EMPTY,
} from './strategies.ts';
import {
  validateFinalizerDomains,
  validateMetadata,
  validateMetadataUpdate,
  validatePlainMetadata,
} from './validation/metadata.ts';
import { invalidEach } from './validation/rules.ts';

const { normalise } = createNormaliser(builtinSchema, typeDefaults);

export function builtinDefinition(fact: ResourceFact, behaviour: Behaviour = {}): ResourceDefinition {
  const id = fact.g ? `${fact.g}/${fact.r}` : fact.r;
  const schema = builtinSchema.type(kindFact(fact.g, fact.v, fact.k).t);
  const hasStatus = fact.sub?.status !== undefined;
  const hasGeneration = COUNTS_GENERATIONS.has(id) || FIRST_GENERATION.has(id);
  const rulesOnUpdate = metadataRulesOnUpdate(id);
  const rulesOnStatusUpdate = metadataRulesOnStatusUpdate(id);
  const metadataOf = behaviour.givenMetadata ?? (({ metadata }: AnyObject) => metadata);
  const validateName = behaviour.validateName ?? (PATH_SEGMENT_NAMES.has(id) ? nameIsPathSegment : nameIsDNSSubdomain);
  const validatesGenerateName = !GENERATE_NAME_UNCHECKED.has(id);
  const validate = (object: AnyObject) => [
    ...(METADATA_LAST.has(id) ? [] : rulesOfMetadata(id)(metadataOf(object))),
    ...(behaviour.validate?.(object) ?? []),
  ];
  const ofObject = ({ metadata }: AnyObject): FieldError[] => {
    const { generateName: base } = metadata;
    const problems = base && validatesGenerateName ? validateName(base, true) : [];
    return [...invalidEach('metadata.generateName', base, problems), ...rulesOfMetadata(id)(metadata)];
  };
  const ofChange = ({ metadata }: AnyObject, old: AnyObject): FieldError[] => [
    ...validateMetadataUpdate(metadata, old.metadata),
    ...(PLAIN_METADATA.has(id) ? [] : validateFinalizerDomains(metadata)),
  ];
  const metadataErrors = (rules: MetadataRules, object: AnyObject, old: AnyObject): FieldError[] =>
    rules.flatMap((rule) => (rule === 'object' ? ofObject(object) : ofChange(object, old)));
  return {
    group: fact.g,
    version: fact.v,
    plural: fact.r,
    kind: fact.k,
    namespaced: fact.ns,
    singular: fact.sn,
    listKind: `${fact.k}List`,
    shortNames: fact.shortNames ?? [],
    categories: fact.categories ?? [],
    verbs: fact.verbs as Verb[],
    schema,
    subresources: subresourcesOf(fact),
    storage: behaviour.storage ?? { group: fact.g, resource: fact.r, version: fact.v },
    selectableFields: selectorsOf(fact, behaviour),
    ...(behaviour.fieldRefusal && { fieldRefusal: behaviour.fieldRefusal }),

    setDefaults(object) {
      normalise(object, schema, { asSent: TELLS_EMPTY.has(id) ? 'empties' : 'lists' });
      behaviour.settle?.(object);
    },
    toStorage: behaviour.toStorage ?? ((object) => object),
    fromStorage: behaviour.fromStorage ?? ((object) => object),

    ...(TELLS_EMPTY.has(id) ? { ownedForm: withoutEmpties(schema) } : {}),
    prepareForCreate(object, context) {
      if (hasStatus && !STATUS_ON_CREATE.has(id)) resetStatus(object);
      behaviour.prepareForCreate?.(object, context);
      normalise(object, schema);
    },
    prepareForUpdate(object, old, context) {
      if (hasStatus) keepField(object, old, 'status');
      behaviour.prepareForUpdate?.(object, old, context);
      const isChanged = TELLS_EMPTY.has(id) && desiredEmpties(object, schema);
      normalise(object, schema);
      if (COUNTS_GENERATIONS.has(id) && (isChanged || desiredChanged(object, old)))
        object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    prepareForStatusUpdate(object, old, context) {
      for (const field of new Set([...Object.keys(object), ...Object.keys(old)])) {
        if (field !== 'metadata' && field !== 'status') keepField(object, old, field);
      }
      if (STATUS_KEEPS_METADATA.has(id)) {
        keepMetadata(object.metadata, old.metadata);
        if (!STATUS_JUDGES_DELETION.has(id)) object.metadata.deletionTimestamp = old.metadata.deletionTimestamp;
      }
      behaviour.prepareForStatusUpdate?.(object, old, context);
      // Defaults were set by what was sent; what is put back of the old object has them.
      plainNormaliser(builtinSchema).normalise(object, schema);
    },
    hasGeneration,

    validateName,
    validatesGenerateName,
    judgesNameLast: NAME_LAST.has(id),
    validate,
    validateCreate: (object) => behaviour.validateCreate?.(object) ?? [],
    validateUpdate: (object, old) => [
      ...metadataErrors(rulesOnUpdate, object, old),
      ...(behaviour.updateIsChangeOnly ? [] : (behaviour.validate?.(object, old) ?? [])),
      ...(behaviour.validateUpdate?.(object, old) ?? []),
    ],
    validateStatusUpdate: (object, old) => [
      ...metadataErrors(rulesOnStatusUpdate, object, old),
      ...(behaviour.validateStatusUpdate?.(object, old) ?? []),
    ],
    warnings: (object, old) => [...deprecationWarnings(fact), ...(behaviour.warnings?.(object, old) ?? [])],

    allowCreateOnUpdate: CREATE_ON_UPDATE.has(id),
    allowUnconditionalUpdate: !CONDITIONAL_UPDATE.has(id),
    deletionGrace: behaviour.deletionGrace ?? (() => undefined),
    defaultPropagation: behaviour.defaultPropagation ?? 'Background',
    returnDeletedObject: RETURNS_DELETED.has(id),
    ttlSeconds: behaviour.ttlSeconds,

    ...printed(fact, behaviour),
  };
}

const rulesOfMetadata = (id: string): ((metadata: ObjectMeta) => FieldError[]) =>
  PLAIN_METADATA.has(id) ? validatePlainMetadata : validateMetadata;

function resetStatus(object: AnyObject): void {
  object.status = {};
}

function keepField(object: AnyObject, old: AnyObject, field: string): void {
  if (old[field] === undefined) delete object[field];
  else object[field] = deepCopy(old[field]);
}

/** As metav1.ResetObjectMetaForStatus. */
function keepMetadata(metadata: ObjectMeta, old: ObjectMeta): void {
  const { labels, annotations, finalizers, ownerReferences } = deepCopy(old);
  Object.assign(metadata, { labels, annotations, finalizers, ownerReferences });
}

/** Nobody owns what is only said to be empty. */
const withoutEmpties = (schema: TypeSchema) => (object: AnyObject) => {
  const form = deepCopy(object);
  normalise(form, schema, { asSent: 'lists' });
  return form;
};

/** Whether anything but metadata and status is said to be empty; what is stored never is. */
const desiredEmpties = ({ metadata: _metadata, status: _status, ...rest }: AnyObject, { model }: TypeSchema): boolean =>
  saysEmpty(rest, { kind: 'struct', model }, builtinSchema);

/** Whether anything but metadata and status differs. */
function desiredChanged(object: AnyObject, old: AnyObject): boolean {
  const desired = ({ metadata: _metadata, status: _status, ...rest }: AnyObject) => rest;
  return !isDeepStrictEqual(desired(object), desired(old));
}

function subresourcesOf(fact: ResourceFact): Record<string, SubresourceDefinition> {
  const entries = Object.entries(fact.sub ?? {}).map(([name, { k, verbs }]) => {
    const slash = k.lastIndexOf('/');
    // A kind without group and version is of the resource's own.
    const of = slash < 0 ? { group: fact.g, version: fact.v } : parseGroupVersion(k.slice(0, slash));
    return [name, { name, ...of, kind: k.slice(slash + 1), verbs }] as const;
  });
  return Object.fromEntries(entries);
}

function selectorsOf(fact: ResourceFact, behaviour: Behaviour): ResourceDefinition['selectableFields'] {
  return Object.fromEntries(
    (fact.fs ?? []).map((label) => [label, behaviour.selectableFields?.[label] ?? fieldReader(label.split('.'))]),
  );
}

/** Reads a field by its path; missing is '' or, as Go prints zero values, what `absent` says. */
function fieldReader(path: readonly string[]): (object: AnyObject) => string {
  return (object) => {
    let value: unknown = object;
    for (const step of path) value = (value as Record<string, unknown> | undefined)?.[step];
    return value === undefined || value === null ? '' : String(value);
  };
}

/** Printed from the stored version, which for a type of several versions knows all of them. */
function printed(fact: ResourceFact, { storage, toStorage }: Behaviour): TableForm {
  const { columns, cells, rowOrder } = tableOf(fact.g ? `${fact.k}.${fact.g}` : fact.k);
  const isStored = !toStorage || !storage || storage.group !== fact.g || storage.version === fact.v;
  return {
    columns,
    cells: isStored ? cells : (object, context) => cells(toStorage(object), context),
    ...(rowOrder ? { rowOrder } : {}),
  };
}
