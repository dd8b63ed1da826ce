// Mutating policies, one after the other: each sees what those before it made of the object
// (k8s.io/apiserver pkg/admission/plugin/policy/mutating/dispatcher.go).
import { APPLIED, JSON_PATCHES } from '../../../api/admissionregistration/expressions.ts';
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '../../../api/types/admissionregistration/v1.ts';
import type { AnyObject } from '../../../apimachinery/meta.ts';
import type { SchemaSet } from '../../../apimachinery/schema.ts';
import { StatusError } from '../../../apimachinery/status-error.ts';
import { canonicalEqual, deepCopy } from '../../../apimachinery/value.ts';
import type { Value } from '../../../cel/values.ts';
import type { AdmissionRequest } from '../../identity.ts';
import { createActivation, type Subject } from '../expressions/activation.ts';
import { conditionsMet } from '../expressions/conditions.ts';
import { type CompiledExpression, compile, evaluate, OutOfBudget, POLICY_BUDGET } from '../expressions/expression.ts';
import { inVersion, objectsIn } from '../matching/versions.ts';
import { readPatched } from '../read-patched.ts';
import { become, beginAsking } from '../reinvocation.ts';
import { refuse } from '../request.ts';
import { applyConfiguration } from './apply-configuration.ts';
import { type CompiledPolicy, compilePolicy, keptFor } from './compiled.ts';
import type { Followed } from './followed.ts';
import { type Invocation, invocationsOf, isMisconfigured, namespaceSeen } from './invocations.ts';
import { applyPatches } from './json-patch.ts';
import type { PolicyOptions } from './validate.ts';

type Policy = MutatingAdmissionPolicy;
type Binding = MutatingAdmissionPolicyBinding;

interface Mutation {
  expression: CompiledExpression;
  isPatch: boolean;
}

interface MutatingPolicy extends CompiledPolicy {
  mutations: readonly Mutation[];
}

function compileMutatingPolicy({ spec }: Policy): MutatingPolicy {
  const compiled = compilePolicy(spec);
  const scope = { ...compiled.scope, hasPatches: true };
  const mutations = (spec.mutations ?? []).map(({ patchType, applyConfiguration: applied, jsonPatch }) => {
    const isPatch = patchType === 'JSONPatch';
    const text = (isPatch ? jsonPatch : applied)?.expression ?? '';
    return { expression: compile(text, scope, isPatch ? JSON_PATCHES : APPLIED), isPatch };
  });
  return { ...compiled, mutations };
}

/** A policy that could not do its part. */
interface Failed {
  policy: Policy;
  binding?: Binding;
  message: string;
  reason?: 'Invalid';
}

/** A mutator that keeps what it compiles; `plugin` is the name its memory has in a request. */
export function createMutator(plugin: string, options: PolicyOptions & { types: SchemaSet }) {
  const compiledOf = keptFor(compileMutatingPolicy);

  return async (followed: readonly Followed<Policy, Binding>[], request: AdmissionRequest): Promise<void> => {
    const all = await invocationsOf(followed, { ...options, request });
    const failed: Failed[] = all.filter(isMisconfigured);
    const invocations = all.filter((one) => !isMisconfigured(one)) as Invocation<Policy, Binding>[];
    if (invocations.length > 0) {
      const asking = beginAsking(plugin, request);
      for (const invocation of invocations) {
        const uid = uidOf(invocation);
        const outcome = await invoke(invocation, request, () => asking.isDue(uid));
        if (!outcome) continue;
        asking.note(uid, {
          wants: invocation.policy.spec.reinvocationPolicy === 'IfNeeded',
          changed: outcome.changed,
        });
        failed.push(...outcome.problems.map((message) => ({ ...invocation, message, reason: 'Invalid' as const })));
      }
      asking.end();
    }
    const refusing = failed.filter(({ policy }) => policy.spec.failurePolicy !== 'Ignore');
    if (refusing.length > 0) throw refusal(request, refusing);
  };

  /** Undefined where it was not this policy's turn. Rejects with what ends the request whatever the failure policy. */
  async function invoke(
    { policy, matched, params }: Invocation<Policy, Binding>,
    request: AdmissionRequest,
    isDue: () => boolean,
  ): Promise<{ changed: boolean; problems: string[] } | undefined> {
    const { reader, authorizer, types } = options;
    const { conditions, variables, mutations } = compiledOf(policy);
    const namespace = namespaceSeen(request, reader);
    const shared = { request, matched, namespace, params, authorizer, variables };
    const subject = async (): Promise<Subject> => ({ ...shared, ...(await objectsIn(matched, request)) });
    const { met, problem } = conditionsMet(conditions, await subject(), policy.spec.failurePolicy);
    if (problem !== undefined) return { changed: false, problems: [problem] };
    if (!met || !isDue()) return undefined;
    const problems: string[] = [];
    let changed = false;
    for (const mutation of mutations) {
      const { object } = request;
      if (!object) break;
      const now = await subject();
      const shown = now.object as AnyObject;
      const made = attempt(() => {
        const value = run(mutation.expression, now);
        return mutation.isPatch
          ? applyPatches(shown, value)
          : applyConfiguration(shown, value, { definition: matched, types });
      });
      if (made instanceof Error) {
        problems.push(made.message);
        continue;
      }
      const fieldValidation = mutation.isPatch ? 'Strict' : 'Ignore';
      const patched = readPatched(made, { shown, definition: matched, types, fieldValidation });
      if (canonicalEqual(shown, patched)) continue;
      become(object, deepCopy(await inVersion(patched, matched, request.definition)));
      changed = true;
    }
    return { changed, problems };
  }
}

/** Every mutation has a budget of its own. Throws an Error with what went wrong. */
function run(expression: CompiledExpression, subject: Subject): Value {
  if (expression.problem !== undefined) throw new Error(expression.problem);
  const { value, error } = evaluate(expression, createActivation(subject), { left: POLICY_BUDGET });
  if (error !== undefined) throw new Error(error);
  return value as Value;
}

function attempt<T>(make: () => T): T | Error {
  try {
    return make();
  } catch (error) {
    const isExpected = error instanceof OutOfBudget || (error instanceof Error && error.constructor === Error);
    if (!isExpected) throw error;
    return error;
  }
}

const uidOf = ({ policy, binding, params }: Invocation<Policy, Binding>): string =>
  [policy.metadata.name, binding.metadata.name, params?.metadata.namespace, params?.metadata.name].join('/');

/** The first is told, all are causes. */
function refusal(request: AdmissionRequest, failed: readonly Failed[]): StatusError {
  const told = failed.map(({ policy, binding, message }) => {
    const { name } = policy.metadata;
    const by = binding ? `policy '${name}' with binding '${binding.metadata.name}'` : `policy ${JSON.stringify(name)}`;
    return `${by} denied request: ${message}`;
  });
  const { status } = refuse(request, 'admission request denied by policy');
  const [first] = failed;
  return new StatusError({
    ...status,
    message: told[0] as string,
    ...(first?.reason ? { reason: first.reason } : {}),
    details: { ...status.details, causes: told.map((message) => ({ message })) },
  });
}
