// What of a validating policy's expressions does not fit the types that it is for. It is advice: the policy acts as it is
// (k8s.io/apiserver pkg/admission/plugin/policy/validating/typechecking.go).
import { parseGroupVersion } from '../../apimachinery/meta.ts';
import type { SchemaSet, TypeRef, TypeSchema } from '../../apimachinery/schema.ts';
import { type DeclaredType, declareType, objectsOf } from '../../cel/declared-type.ts';
import type { Environment } from '../../cel/environment.ts';
import type { DataSchema } from '../../cel/schema.ts';
import { DYN, type Type } from '../../cel/types.ts';
import { lazily } from '../../lazily.ts';
import type { Schema } from '../apiextensions/schema.ts';
import type { ExpressionWarning, ValidatingAdmissionPolicy } from '../types/admissionregistration/v1.ts';
import { policyEnvironment, variableType } from './expressions.ts';

const compiler = lazily<typeof import('../../cel/compile.ts')>(import.meta.url, '../../cel/compile.ts');

/** A type as it is served. */
export interface ServedType {
  group: string;
  version: string;
  plural: string;
  kind: string;
  schema: TypeSchema;
  customSchema?: Schema;
}

const MAX_TYPES = 10;

/** None when all expressions fit, or nothing is known of the types. */
export function typeWarnings(
  { spec }: ValidatingAdmissionPolicy,
  served: readonly ServedType[],
  types: SchemaSet,
): ExpressionWarning[] {
  const { paramKind, validations = [], variables = [] } = spec;
  const params = paramKind && served.find((one) => isKind(one, paramKind));
  const declaredParams = params && declared(params, types);
  const checked = typesOf(spec.matchConstraints?.resourceRules ?? [], served);
  const declaredTypes = checked.map((type) => [type, declared(type, types)] as const);

  function warningsOf(expression: string): string {
    const told = declaredTypes.map(([{ group, version, kind }, object]) => {
      const environment = environmentOf({ object, params: declaredParams, hasParams: paramKind !== undefined });
      const known = new Map<string, Type>();
      for (const { name, expression: text } of variables) {
        const { checked: tree } = compiler().compile(text, environment(known));
        known.set(name, tree ? variableType(tree.type) : DYN);
      }
      const { problem } = compiler().compile(expression, environment(known));
      return problem === undefined ? '' : `${group}/${version}, Kind=${kind}: ${problem}\n`;
    });
    return told.filter(Boolean).join('\n');
  }

  return validations.flatMap(({ expression, messageExpression = '' }, i) =>
    Object.entries({ expression, messageExpression }).flatMap(([field, text]) => {
      const warning = text && warningsOf(text);
      return warning ? [{ fieldRef: `spec.validations[${i}].${field}`, warning }] : [];
    }),
  );
}

const isKind = (type: ServedType, { apiVersion = '', kind }: { apiVersion?: string; kind?: string }): boolean => {
  const { group, version } = parseGroupVersion(apiVersion);
  return type.group === group && type.version === version && type.kind === kind;
};

/** Those that rules name without a wildcard, up to a number. */
function typesOf(
  rules: readonly { apiGroups?: string[]; apiVersions?: string[]; resources?: string[] }[],
  served: readonly ServedType[],
): ServedType[] {
  const found = new Map<string, ServedType>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of rules) {
    if ([...apiGroups, ...apiVersions].includes('*')) continue;
    for (const type of served) {
      const isNamed =
        apiGroups.includes(type.group) && apiVersions.includes(type.version) && resources.includes(type.plural);
      if (isNamed && found.size < MAX_TYPES) found.set(`${type.group}/${type.version}/${type.kind}`, type);
    }
  }
  return [...found.keys()].sort().map((key) => found.get(key) as ServedType);
}

function environmentOf(given: {
  object: DeclaredType | undefined;
  params: DeclaredType | undefined;
  hasParams: boolean;
}) {
  const { object, params, hasParams } = given;
  const objects = new Map([...objectsOf(object), ...objectsOf(params)]);
  const type = object?.type ?? DYN;
  return (variables: ReadonlyMap<string, Type>): Environment => {
    const base = policyEnvironment({ hasParams, hasAuthorizer: true, variables });
    const typed: [string, Type][] = [
      ['object', type],
      ['oldObject', type],
      ...(hasParams ? [['params', params?.type ?? DYN] as [string, Type]] : []),
    ];
    return {
      ...base,
      variables: new Map([...base.variables, ...typed]),
      objects: { get: (name) => objects.get(name) ?? base.objects.get(name) },
    };
  };
}

function declared({ kind, schema, customSchema }: ServedType, types: SchemaSet): DeclaredType | undefined {
  return declareType(customSchema ?? structSchema(schema, types, []), kind, true);
}

/** What may be anything. */
const ANY: DataSchema = { 'x-kubernetes-int-or-string': true };
const TEXT: DataSchema = { type: 'string' };

/** `within` are the models around it: one that holds itself ends there. */
function structSchema(schema: TypeSchema, types: SchemaSet, within: readonly string[]): DataSchema {
  const { model, special, fields, typeMeta } = schema;
  if (special) return specialSchema(special);
  if (within.includes(model)) return ANY;
  const inside = [...within, model];
  const properties = [...fields.values()].map(({ name, type }) => [name, refSchema(type, types, inside)] as const);
  return {
    type: 'object',
    properties: { ...(typeMeta ? { apiVersion: TEXT, kind: TEXT } : {}), ...Object.fromEntries(properties) },
  };
}

function specialSchema({ json, format }: NonNullable<TypeSchema['special']>): DataSchema {
  if (format === 'int-or-string') return ANY;
  if (json.startsWith('[')) return { type: 'array', items: TEXT };
  return { type: json, ...(format ? { format } : {}) };
}

const SCALARS: Readonly<Record<string, DataSchema>> = {
  string: TEXT,
  bool: { type: 'boolean' },
  int32: { type: 'integer' },
  int64: { type: 'integer' },
  float64: { type: 'number' },
  bytes: { type: 'string', format: 'byte' },
};

function refSchema(type: TypeRef, types: SchemaSet, within: readonly string[]): DataSchema {
  switch (type.kind) {
    case 'list':
      return { type: 'array', items: refSchema(type.item, types, within) };
    case 'map':
      return { type: 'object', additionalProperties: refSchema(type.value, types, within) };
    case 'struct':
      return structSchema(types.type(type.model), types, within);
    default:
      return SCALARS[type.kind] ?? ANY;
  }
}
