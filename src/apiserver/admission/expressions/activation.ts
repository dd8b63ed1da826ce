// What expressions of webhooks and policies see: object, oldObject, request, params, namespaceObject, authorizer and a
// policy's own variables, each made when it is first looked at (k8s.io/apiserver pkg/admission/plugin/cel/activation.go,
// composition.go).
import type { ResourceDefinition } from '../../../api/definition.ts';
import type { Namespace } from '../../../api/types/core/v1.ts';
import type { AnyObject } from '../../../apimachinery/meta.ts';
import { jsonToValue } from '../../../cel/json.ts';
import { type Dict, failure, isFailure, type Value } from '../../../cel/values.ts';
import type { AdmissionRequest, Authorizer } from '../../identity.ts';
import { requestAttributes } from '../matching/attributes.ts';
import { type AuthorizerValues, authorizerValues } from './authorizer.ts';
import type { CompiledExpression } from './expression.ts';

export interface Variable {
  name: string;
  expression: CompiledExpression;
}

export interface Subject {
  request: AdmissionRequest;
  /** The version of its resource that `object` and `oldObject` are in. */
  matched: ResourceDefinition;
  object: AnyObject | undefined;
  oldObject: AnyObject | undefined;
  namespace?: Namespace | undefined;
  params?: AnyObject | undefined;
  authorizer: Authorizer;
  variables?: readonly Variable[];
}

export interface Activation {
  find(name: string): Value | undefined;
  /** What variables have cost since it was last asked. */
  takeVariablesCost(): number;
}

export function createActivation(subject: Subject): Activation {
  const { request, matched } = subject;
  const known = new Map<string, Value>();
  let cost = 0;
  let asking: AuthorizerValues | undefined;
  const authorizers = () => {
    asking ??= authorizerValues(subject.authorizer, request);
    return asking;
  };
  const make: Readonly<Record<string, () => Value>> = {
    object: () => jsonToValue(subject.object),
    oldObject: () => jsonToValue(subject.oldObject),
    request: () => jsonToValue(requestAttributes(request, matched)),
    params: () => jsonToValue(subject.params),
    namespaceObject: () => jsonToValue(subject.namespace && shownNamespace(subject.namespace)),
    authorizer: () => authorizers().authorizer,
    'authorizer.requestResource': () => authorizers().requestResource,
    variables: () => variablesOf(subject.variables ?? [], evaluateVariable),
  };
  const find = (name: string): Value | undefined => {
    if (!known.has(name)) {
      const value = Object.hasOwn(make, name) ? make[name]?.() : undefined;
      if (value === undefined) return undefined;
      known.set(name, value);
    }
    return known.get(name);
  };

  function evaluateVariable({ name, expression }: Variable): Value {
    const { program, problem } = expression;
    if (!program) return failure(`composited variable "${name}" fails to compile: ${problem}`);
    const { value, cost: its } = program.evaluate(find);
    cost += its;
    return isFailure(value) ? failure(`composited variable "${name}" fails to evaluate: ${value.message}`) : value;
  }

  return {
    find,
    takeVariablesCost() {
      const taken = cost;
      cost = 0;
      return taken;
    },
  };
}

/** Each is worked out once, when an expression asks for it. */
function variablesOf(variables: readonly Variable[], evaluate: (variable: Variable) => Value): Dict {
  const byName = new Map(variables.map((variable) => [variable.name, variable]));
  const known = new Map<string, Value>();
  return {
    tag: 'map',
    size: byName.size,
    keys: () => [...byName.keys()],
    find(key) {
      const variable = byName.get(String(key));
      if (!variable) return undefined;
      const value = known.get(variable.name) ?? evaluate(variable);
      known.set(variable.name, value);
      return value;
    },
  };
}

const SHOWN = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'finalizers',
] as const;

/** CreateNamespaceObject of k8s.io/apiserver pkg/admission/plugin/cel/condition.go. */
const shownNamespace = ({ metadata, spec, status }: Namespace) => ({
  metadata: Object.fromEntries(SHOWN.map((field) => [field, metadata[field]])),
  spec: spec ?? {},
  status: status ?? {},
});
