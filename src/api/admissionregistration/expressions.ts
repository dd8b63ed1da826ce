// What expressions of policies and webhooks can name, and whether they compile (k8s.io/apiserver
// pkg/admission/plugin/cel/compile.go, composition.go; pkg/cel/mutation).
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { DeclaredType } from '../../cel/declared-type.ts';
import type { Environment } from '../../cel/environment.ts';
import { namedType } from '../../cel/library/signatures.ts';
import { BOOL, DYN, INT, listOf, mapOf, NULL, STRING, structType, TIMESTAMP, type Type } from '../../cel/types.ts';
import { lazily } from '../../lazily.ts';

/** Loaded with the first expression. */
const compiler = lazily<typeof import('../../cel/expression.ts')>(import.meta.url, '../../cel/expression.ts');
const library = lazily<typeof import('../../cel/library/index.ts')>(import.meta.url, '../../cel/library/index.ts');

/** Without `returns` it may give anything. */
export const compileExpression = (text: string, environment: Environment, returns?: readonly Type[]) =>
  compiler().compileExpression(text, environment, returns);

/** What they must give. */
export const CONDITION: readonly Type[] = [BOOL];
export const MESSAGE: readonly Type[] = [STRING];
export const AUDIT_VALUE: readonly Type[] = [STRING, NULL];
export const APPLIED: readonly Type[] = [structType('Object')];
export const JSON_PATCHES: readonly Type[] = [listOf(structType('JSONPatch'))];

const declare = (type: Type): DeclaredType => ({ type, maxElements: 0, minSize: 0 });

type Members = Readonly<Record<string, Type>>;

const objectType = (name: string, members: Members): [string, DeclaredType] => [
  name,
  {
    ...declare(structType(name)),
    fields: new Map(Object.entries(members).map(([field, type]) => [field, declare(type)])),
  },
];

const TEXTS = listOf(STRING);
const KIND = { group: STRING, version: STRING, kind: STRING };
const RESOURCE = { group: STRING, version: STRING, resource: STRING };
const named = (...names: string[]): Members => Object.fromEntries(names.map((name) => [name, STRING]));

const OBJECTS: ReadonlyMap<string, DeclaredType> = new Map([
  objectType('kubernetes.GroupVersionKind', KIND),
  objectType('kubernetes.GroupVersionResource', RESOURCE),
  objectType('kubernetes.UserInfo', { username: STRING, uid: STRING, groups: TEXTS, extra: mapOf(STRING, TEXTS) }),
  objectType('kubernetes.AdmissionRequest', {
    ...named('subResource', 'requestSubResource', 'name', 'namespace', 'operation'),
    kind: structType('kubernetes.GroupVersionKind'),
    resource: structType('kubernetes.GroupVersionResource'),
    requestKind: structType('kubernetes.GroupVersionKind'),
    requestResource: structType('kubernetes.GroupVersionResource'),
    userInfo: structType('kubernetes.UserInfo'),
    dryRun: BOOL,
    options: DYN,
  }),
  objectType('kubernetes.NamespaceSpec', { finalizers: TEXTS }),
  objectType('kubernetes.NamespaceCondition', {
    ...named('status', 'type', 'message', 'reason'),
    lastTransitionTime: TIMESTAMP,
  }),
  objectType('kubernetes.NamespaceStatus', {
    conditions: listOf(structType('kubernetes.NamespaceCondition')),
    phase: STRING,
  }),
  objectType('kubernetes.NamespaceMetadata', {
    ...named('name', 'generateName', 'namespace', 'UID', 'resourceVersion'),
    labels: mapOf(STRING, STRING),
    annotations: mapOf(STRING, STRING),
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    finalizers: TEXTS,
  }),
  objectType('kubernetes.Namespace', {
    metadata: structType('kubernetes.NamespaceMetadata'),
    spec: structType('kubernetes.NamespaceSpec'),
    status: structType('kubernetes.NamespaceStatus'),
  }),
]);

/** Objects to apply have whatever fields they are given. */
const OPEN = { get: () => declare(DYN), values: () => [] };
const PATCH = objectType('JSONPatch', { op: STRING, path: STRING, from: STRING, value: DYN })[1];

function patchObject(name: string): DeclaredType | undefined {
  if (name === 'JSONPatch') return PATCH;
  const isObject = name === 'Object' || name.startsWith('Object.');
  return isObject ? { ...declare(structType(name)), fields: OPEN } : undefined;
}

const VARIABLES = 'kubernetes.variables';

export interface PolicyScope {
  hasParams: boolean;
  hasAuthorizer: boolean;
  /** The types of changes. */
  hasPatches?: boolean;
  /** Those of a policy's own variables that come before; undefined where there can be none. */
  variables?: ReadonlyMap<string, Type>;
}

export function policyEnvironment({ hasParams, hasAuthorizer, hasPatches, variables }: PolicyScope): Environment {
  const composed: DeclaredType = {
    ...declare(structType(VARIABLES)),
    fields: new Map([...(variables ?? [])].map(([name, type]) => [name, declare(type)])),
  };
  return {
    variables: new Map([
      ['object', DYN],
      ['oldObject', DYN],
      ['namespaceObject', structType('kubernetes.Namespace')],
      ['request', structType('kubernetes.AdmissionRequest')],
      ...(hasParams ? [['params', DYN] as const] : []),
      ...(hasAuthorizer
        ? [
            ['authorizer', namedType('authorizer')] as const,
            ['authorizer.requestResource', namedType('resourceCheck')] as const,
          ]
        : []),
      ...(variables ? [['variables', composed.type] as const] : []),
    ]),
    objects: {
      get(name) {
        if (name === VARIABLES) return variables && composed;
        return OBJECTS.get(name) ?? (hasPatches ? patchObject(name) : undefined);
      },
    },
    ...(hasPatches ? { functions: library().patchFunctions } : {}),
  };
}

/** What can be known of a variable: of types with members only that they are there. */
export function variableType(type: Type): Type {
  switch (type.kind) {
    case 'list':
    case 'map':
      return { ...type, params: type.params.map(variableType) };
    case 'struct':
    case 'opaque':
    case 'type':
    case 'param':
    case 'error':
      return DYN;
    default:
      return type;
  }
}

/** As an error of the field it stands in; `shown` is the text before it was trimmed. */
export function expressionErrors(
  text: string,
  field: string,
  { environment, returns, shown = text }: { environment: Environment; returns?: readonly Type[]; shown?: string },
): FieldError[] {
  const { program, ...fault } = compileExpression(text, environment, returns);
  if (program || !('problem' in fault)) return [];
  if (!fault.isInternal) return [fieldError.invalid(field, shown, fault.problem)];
  return [{ reason: 'InternalError', field, message: `Internal error: ${fault.problem}` }];
}
