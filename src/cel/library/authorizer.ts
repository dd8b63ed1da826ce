// Asks the authorizer from within an expression (k8s.io/apiserver pkg/cel/library/authz.go). Who compiles an
// expression for this gives it a variable of such a value.
import { nameIsDNSLabel, nameIsDNSSubdomain } from '../../apimachinery/names.ts';
import { failure, type Opaque, type Value } from '../values.ts';
import type { Library } from './library.ts';
import { opaqueKind } from './opaque.ts';

export interface Question {
  /** Another user than the one who asks. */
  serviceAccount?: { namespace: string; name: string };
  verb: string;
  path?: string;
  group?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  fieldSelector?: string;
  labelSelector?: string;
}

export interface Answer {
  allowed: boolean;
  reason: string;
  error?: string;
}

export type Ask = (question: Question) => Answer;

interface Check {
  ask: Ask;
  question: Omit<Question, 'verb'>;
}

const neverSame = { same: (a: unknown, b: unknown) => a === b };
const authorizers = opaqueKind<Check>('authorizer', neverSame);
const pathChecks = opaqueKind<Check>('pathCheck', neverSame);
const groupChecks = opaqueKind<Check>('groupCheck', neverSame);
const resourceChecks = opaqueKind<Check>('resourceCheck', neverSame);
const decisions = opaqueKind<Answer>('decision', neverSame);

export const authorizerValue = (ask: Ask): Value => authorizers.of({ ask, question: {} });

/** Of a resource that is known beforehand. */
export const resourceCheckValue = (ask: Ask, question: Omit<Question, 'verb'>): Value =>
  resourceChecks.of({ ask, question });

const withPart = (check: Check, part: Partial<Question>): Check => ({
  ...check,
  question: { ...check.question, ...part },
});

function serviceAccount(authorizer: Opaque, namespace: string, name: string): Value {
  if (nameIsDNSSubdomain(name, false).length > 0) return failure('Invalid service account name');
  if (nameIsDNSLabel(namespace, false).length > 0) return failure('Invalid service account namespace');
  return authorizers.of(withPart(authorizers.read(authorizer), { serviceAccount: { namespace, name } }));
}

function decide({ ask, question }: Check, verb: string): Value {
  return decisions.of(ask({ ...question, verb }));
}

const part =
  (field: 'subresource' | 'namespace' | 'name' | 'fieldSelector' | 'labelSelector') => (check: Opaque, text: string) =>
    resourceChecks.of(withPart(resourceChecks.read(check), { [field]: text }));

export const authorization: Library = {
  declare: [
    'path authorizer_path authorizer.(string) -> pathCheck',
    'group authorizer_group authorizer.(string) -> groupCheck',
    'serviceAccount authorizer_serviceaccount authorizer.(string, string) -> authorizer',
    'resource groupcheck_resource groupCheck.(string) -> resourceCheck',
    'subresource resourcecheck_subresource resourceCheck.(string) -> resourceCheck',
    'namespace resourcecheck_namespace resourceCheck.(string) -> resourceCheck',
    'name resourcecheck_name resourceCheck.(string) -> resourceCheck',
    'fieldSelector authorizer_fieldselector resourceCheck.(string) -> resourceCheck',
    'labelSelector authorizer_labelselector resourceCheck.(string) -> resourceCheck',
    'check pathcheck_check pathCheck.(string) -> decision',
    'check resourcecheck_check resourceCheck.(string) -> decision',
    'errored decision_errored decision.() -> bool',
    'error decision_error decision.() -> string',
    'allowed decision_allowed decision.() -> bool',
    'reason decision_reason decision.() -> string',
  ],
  implement: {
    authorizer_path: (authorizer: Opaque, path: string) =>
      path.trim() === ''
        ? failure('path must not be empty')
        : pathChecks.of(withPart(authorizers.read(authorizer), { path })),
    authorizer_group: (authorizer: Opaque, group: string) =>
      groupChecks.of(withPart(authorizers.read(authorizer), { group })),
    authorizer_serviceaccount: serviceAccount,
    groupcheck_resource: (check: Opaque, resource: string) =>
      resource.trim() === ''
        ? failure('resource must not be empty')
        : resourceChecks.of(withPart(groupChecks.read(check), { resource })),
    resourcecheck_subresource: part('subresource'),
    resourcecheck_namespace: part('namespace'),
    resourcecheck_name: part('name'),
    authorizer_fieldselector: part('fieldSelector'),
    authorizer_labelselector: part('labelSelector'),
    pathcheck_check: (check: Opaque, verb: string) => decide(pathChecks.read(check), verb),
    resourcecheck_check: (check: Opaque, verb: string) => decide(resourceChecks.read(check), verb),
    decision_errored: (decision: Opaque) => decisions.read(decision).error !== undefined,
    decision_error: (decision: Opaque) => decisions.read(decision).error ?? '',
    decision_allowed: (decision: Opaque) => decisions.read(decision).allowed,
    decision_reason: (decision: Opaque) => decisions.read(decision).reason,
  },
};
