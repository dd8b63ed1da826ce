// Rules of CustomResourceDefinitions (apiextensions-apiserver pkg/apis/apiextensions/validation). Upstream judges an
// internal form where what all versions share stands once at the top; fields of errors are named by that form.
import { isDeepStrictEqual } from 'node:util';
import { isDNS1035Label, isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
} from '../types/apiextensions/v1.ts';
import { immutable } from '../validation/change.ts';
import { requiredOneOf } from '../validation/rules.ts';
import { APPROVED, approvalOf, isCommunityGroup } from './approval.ts';
import { validateCompleteness } from './completeness-rules.ts';
import { conversionErrors } from './conversion-rules.ts';
import { validateDefaults } from './default-rules.ts';
import { hasDefault } from './pruning.ts';
import { ruleErrors } from './rule-rules.ts';
import { type Schema, someSchema } from './schema.ts';
import { validateSchema } from './schema-rules.ts';
import { selectableFieldErrors } from './selectable-field-rules.ts';
import { noStructuralForm } from './structural-form.ts';
import { validateStructural } from './structural-rules.ts';

type Definition = CustomResourceDefinition;
type Version = CustomResourceDefinitionVersion;

export function definitionErrors(crd: Definition, old?: Definition): FieldError[] {
  return [
    ...(old ? [] : nameErrors(crd)),
    ...specErrors(crd, old),
    ...namesErrors(crd.status?.acceptedNames, 'status.acceptedNames'),
    ...storedVersionErrors(crd),
    ...approvalErrors(crd, old),
    ...preserveErrors(crd, old),
  ];
}

function nameErrors({ metadata, spec }: Definition): FieldError[] {
  const { name, generateName } = metadata ?? {};
  return Object.entries({ generateName, name }).flatMap(([field, value]) =>
    !value || value === `${spec.names.plural}.${spec.group}`
      ? []
      : [fieldError.invalid(`metadata.${field}`, value, 'must be spec.names.plural+"."+spec.group')],
  );
}

export function updateErrors(crd: Definition, old: Definition): FieldError[] {
  const established = old.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True');
  return [
    ...(established
      ? [
          ...immutable(crd.spec.scope, old.spec.scope, 'spec.scope'),
          ...immutable(crd.spec.names.kind, old.spec.names.kind, 'spec.names.kind'),
        ]
      : []),
    ...immutable(crd.spec.group, old.spec.group, 'spec.group'),
    ...immutable(crd.spec.names.plural, old.spec.names.plural, 'spec.names.plural'),
  ];
}

const joined = (field: string, value: string, problems: readonly string[], lead = ''): FieldError[] =>
  problems.length > 0 ? [fieldError.invalid(field, value, lead + problems.join(','))] : [];

function specErrors({ spec }: Definition, old: Definition | undefined): FieldError[] {
  const { group = '', names, scope, conversion } = spec;
  const versions = spec.versions ?? [];
  const groupErrors = !group
    ? [fieldError.required('spec.group')]
    : isDNS1123Subdomain(group).length > 0
      ? joined('spec.group', group, isDNS1123Subdomain(group))
      : group.includes('.')
        ? []
        : [fieldError.invalid('spec.group', group, 'should be a domain with at least one dot')];
  return [
    ...groupErrors,
    ...requiredOneOf(scope, ['Cluster', 'Namespaced'], 'spec.scope'),
    ...versions.flatMap((version, i) => (schemaOf(version) ? [] : missingSchema(i))),
    ...(spec.preserveUnknownFields && versions.some(declaresDefaults)
      ? [fieldError.invalid('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema')]
      : []),
    ...versionsErrors(spec.versions),
    ...(['plural', 'singular', 'kind', 'listKind'] as const).flatMap((name) =>
      names[name] ? [] : [fieldError.required(`spec.names.${name}`)],
    ),
    ...namesErrors(names, 'spec.names'),
    ...sharedErrors(versions, old?.spec.versions ?? []),
    ...conversionErrors(conversion, old?.spec.conversion),
    ...(spec.preserveUnknownFields && conversion && conversion.strategy !== 'None'
      ? [
          fieldError.invalid(
            'spec.conversion.strategy',
            conversion.strategy,
            'must be None if spec.preserveUnknownFields is true',
          ),
        ]
      : []),
  ];
}

const schemaOf = ({ schema }: Version): Schema | undefined => schema?.openAPIV3Schema as Schema | undefined;

const declaresDefaults = (version: Version): boolean => {
  const schema = schemaOf(version);
  return schema !== undefined && someSchema(schema, hasDefault);
};

const missingSchema = (index: number): FieldError[] => [
  fieldError.required(`spec.versions[${index}].schema.openAPIV3Schema`),
];

function versionsErrors(given: readonly Version[] | undefined): FieldError[] {
  const versions = given ?? [];
  const errors = versions.flatMap(({ name, deprecated, deprecationWarning }, i) => [
    ...joined(`spec.versions[${i}].name`, name, isDNS1035Label(name)),
    ...warningErrors(deprecated, deprecationWarning, `spec.versions[${i}].deprecationWarning`),
  ]);
  if (new Set(versions.map(({ name }) => name)).size < versions.length) {
    errors.push(fieldError.invalid('spec.versions', versions, 'must contain unique version names'));
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    const text = 'must have exactly one version marked as storage version';
    errors.push(fieldError.invalid('spec.versions', given ?? null, text));
  }
  const [first] = versions;
  // The internal form's own version is that of the first.
  if (first?.name) errors.push(...joined('spec.version', first.name, isDNS1035Label(first.name)));
  return errors;
}

const MAX_WARNING_BYTES = 256;

function warningErrors(deprecated: boolean | undefined, warning: string | undefined, path: string): FieldError[] {
  if (warning === undefined) return [];
  const refuse = (text: string) => fieldError.invalid(path, warning, text);
  if (!deprecated) return [refuse('can only be set for deprecated versions')];
  const errors: FieldError[] = [];
  if (Buffer.byteLength(warning) > MAX_WARNING_BYTES) {
    errors.push(refuse(`must be <= ${MAX_WARNING_BYTES} characters long`));
  }
  if (warning === '') errors.push(refuse('must not be an empty string'));
  if (/[^\P{C}]|[^\P{Z} ]/u.test(warning)) errors.push(refuse('must only contain printable UTF-8 characters'));
  return errors;
}

export function namesErrors(names: CustomResourceDefinitionNames | undefined, path: string): FieldError[] {
  if (!names) return [];
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names;
  const label = (field: string, value: string | undefined) =>
    value ? joined(`${path}.${field}`, value, isDNS1035Label(value)) : [];
  const mixed = (field: string, value: string | undefined) =>
    value
      ? joined(
          `${path}.${field}`,
          value,
          isDNS1035Label(value.toLowerCase()),
          'may have mixed case, but should otherwise match: ',
        )
      : [];
  const each = (field: string, values: readonly string[] | null) =>
    (values ?? []).flatMap((value, i) => joined(`${path}.${field}[${i}]`, value, isDNS1035Label(value)));
  return [
    ...label('plural', plural),
    ...label('singular', singular),
    ...mixed('kind', kind),
    ...mixed('listKind', listKind),
    ...each('shortNames', shortNames),
    ...(kind && kind === listKind
      ? [fieldError.invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same')]
      : []),
    ...each('categories', categories),
  ];
}

/** Members of versions; those that are alike in all of them are judged, and named, once. */
function sharedErrors(versions: readonly Version[], old: readonly Version[]): FieldError[] {
  const isUnchanged = ({ name, schema }: Version): boolean => {
    const before = old.find((version) => version.name === name);
    return before !== undefined && isDeepStrictEqual(before.schema, schema);
  };
  const perVersion = <T>(read: (version: Version) => T | undefined, judge: (value: T, at: Place) => FieldError[]) => {
    const values = versions.map(read);
    const [first] = values;
    const hasStatus = (version: Version) => version.subresources?.status !== undefined;
    if (first !== undefined && values.every((value) => isDeepStrictEqual(value, first))) {
      return judge(first, { path: 'spec', shared: true, hasStatus: versions.some(hasStatus), version: versions[0] });
    }
    return versions.flatMap((version, i) => {
      const value = values[i];
      const at = { path: `spec.versions[${i}]`, shared: false, hasStatus: hasStatus(version), version };
      return value === undefined ? [] : judge(value, at);
    });
  };
  const [firstSchema] = versions.map(schemaOf);
  const haveOneSchema = versions.every((version) => isDeepStrictEqual(schemaOf(version), firstSchema));
  return [
    ...perVersion(schemaOf, (schema, at) => {
      const path = `${at.path}.${at.shared ? 'validation' : 'schema'}.openAPIV3Schema`;
      return rootSchemaErrors(schema, path, {
        hasStatus: at.hasStatus,
        isUnchanged: at.version !== undefined && isUnchanged(at.version),
      });
    }),
    ...perVersion(
      ({ subresources }) => subresources,
      (subresources, { path }) => subresourceErrors(subresources, `${path}.subresources`),
    ),
    ...perVersion(
      ({ additionalPrinterColumns }) => additionalPrinterColumns,
      (columns, { path }) =>
        columns.flatMap((column, i) => columnErrors(column, `${path}.additionalPrinterColumns[${i}]`)),
    ),
    ...perVersion(
      ({ selectableFields }) => selectableFields,
      (fields, { path, shared, version }) => {
        if (fields.length === 0) return [];
        // Fields that all versions share are looked for in the schema that they share, others in that of their version.
        const schema = shared === haveOneSchema ? version && schemaOf(version) : undefined;
        const where = shared ? 'validations.schema is included' : '`version.schema.openAPIV3Schema` is not included';
        return schema
          ? selectableFieldErrors(fields, schema, `${path}.selectableFields`)
          : [fieldError.invalid(`${path}.selectableFields`, '', `may only be set when ${where}`)];
      },
    ),
  ];
}

interface Place {
  path: string;
  shared: boolean;
  hasStatus: boolean;
  version: Version | undefined;
}

/** With a status of its own, the root may not say what could not be said of the status alone. */
const ROOT_KEYWORDS = new Set([
  ...['description', 'type', 'format', 'title', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum'],
  ...['maxLength', 'minLength', 'pattern', 'maxItems', 'minItems', 'uniqueItems', 'multipleOf', 'required', 'items'],
  ...['properties', 'externalDocs', 'example', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-validations'],
]);

interface Root {
  hasStatus: boolean;
  /** The schema was accepted before. */
  isUnchanged: boolean;
}

function rootSchemaErrors(schema: Schema, path: string, { hasStatus, isUnchanged }: Root): FieldError[] {
  const errors: FieldError[] = [];
  if (hasStatus && schema.type && schema.type !== 'object') {
    const text = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    errors.push(fieldError.invalid(`${path}.type`, schema.type, text));
  } else if (hasStatus && Object.keys(schema).some((keyword) => !ROOT_KEYWORDS.has(keyword))) {
    const text = `only ${[...ROOT_KEYWORDS].join(' ')} fields are allowed at the root of the schema if the status subresource is enabled`;
    errors.push(fieldError.invalid(path, schema, text));
  }
  if (schema.nullable) errors.push(fieldError.forbidden(`${path}.nullable`, 'nullable cannot be true at the root'));
  const unstructured = noStructuralForm(schema);
  if (unstructured === undefined) {
    const structural = [...validateStructural(schema, path), ...validateCompleteness(schema, path)];
    const faults = structural.length > 0 ? structural : validateDefaults(schema, path);
    const schemaErrors = validateSchema(schema, path);
    errors.push(...faults, ...schemaErrors);
    if (faults.length === 0) errors.push(...ruleErrors(schema, path, { schemaErrors, isUnchanged }));
    return errors;
  }
  errors.push(...validateSchema(schema, path));
  // The rules of keywords have said it already, of most.
  return errors.length > 0 ? errors : [fieldError.invalid(path, '', unstructured)];
}

const startsWithDot = (path: string, field: string): FieldError[] =>
  path.startsWith('.') ? [] : [fieldError.invalid(field, path, 'must be a simple json path starting with .')];

function subresourceErrors({ scale }: CustomResourceSubresources, path: string): FieldError[] {
  if (!scale) return [];
  const under = (field: string, value: string, roots: readonly string[]) => {
    const at = `${path}.scale.${field}`;
    const errors = startsWithDot(value, at);
    if (errors.length > 0 || roots.some((root) => value.startsWith(`${root}.`))) return errors;
    return [fieldError.invalid(at, value, `should be a json path under ${roots.join(' or ')}`)];
  };
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  return [
    ...(specReplicasPath
      ? under('specReplicasPath', specReplicasPath, ['.spec'])
      : [fieldError.required(`${path}.scale.specReplicasPath`)]),
    ...(statusReplicasPath
      ? under('statusReplicasPath', statusReplicasPath, ['.status'])
      : [fieldError.required(`${path}.scale.statusReplicasPath`)]),
    ...(labelSelectorPath ? under('labelSelectorPath', labelSelectorPath, ['.spec', '.status']) : []),
  ];
}

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

function columnErrors({ name, type, format, jsonPath }: CustomResourceColumnDefinition, path: string): FieldError[] {
  const types = `must be one of ${COLUMN_TYPES.join(',')}`;
  return [
    ...(name ? [] : [fieldError.required(`${path}.name`)]),
    ...(!type
      ? [fieldError.required(`${path}.type`, types)]
      : COLUMN_TYPES.includes(type)
        ? []
        : [fieldError.invalid(`${path}.type`, type, types)]),
    ...(format && !COLUMN_FORMATS.includes(format)
      ? [fieldError.invalid(`${path}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`)]
      : []),
    ...(jsonPath ? startsWithDot(jsonPath, `${path}.JSONPath`) : [fieldError.required(`${path}.JSONPath`)]),
  ];
}

function storedVersionErrors({ spec, status }: Definition): FieldError[] {
  const path = 'status.storedVersions';
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0) return [fieldError.invalid(path, null, 'must have at least one stored version')];
  const versions = spec.versions ?? [];
  return [
    ...versions
      .filter(({ storage, name }) => storage && !stored.includes(name))
      .map(({ name }) => fieldError.invalid(path, stored, `must have the storage version ${name}`)),
    ...stored.flatMap((name, i) => {
      if (versions.some((version) => version.name === name)) return [];
      const text =
        `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until ` +
        `a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
      return [fieldError.invalid(`${path}[${i}]`, name, text)];
    }),
  ];
}

/** Groups of the community are for types that were reviewed (KEP-1111). */
function approvalErrors(crd: Definition, old: Definition | undefined): FieldError[] {
  if (!isCommunityGroup(crd.spec.group ?? '')) return [];
  const approval = approvalOf(crd);
  if (old && approvalOf(old) === approval) return [];
  const field = `metadata.annotations[${APPROVED}]`;
  const text = `protected groups must have approval annotation "${APPROVED}", see https://github.com/kubernetes/enhancements/pull/1111`;
  if (approval === 'missing') return [fieldError.required(field, text)];
  return approval === 'invalid' ? [fieldError.invalid(field, crd.metadata?.annotations?.[APPROVED], text)] : [];
}

function preserveErrors({ spec }: Definition, old: Definition | undefined): FieldError[] {
  if (old?.spec.preserveUnknownFields || !spec.preserveUnknownFields) return [];
  const text =
    'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
  return [fieldError.invalid('spec.preserveUnknownFields', true, text)];
}
