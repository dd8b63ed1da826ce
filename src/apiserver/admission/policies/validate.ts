// Validating policies: every binding says what a denial does, and the first that denies is told
// (k8s.io/apiserver pkg/admission/plugin/policy/validating/dispatcher.go).
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/types/admissionregistration/v1.ts';
import { StatusError } from '../../../apimachinery/status-error.ts';
import type { DefinitionCatalogue } from '../../catalogue.ts';
import type { AdmissionRequest, Authorizer } from '../../identity.ts';
import type { ObjectReader } from '../../reader.ts';
import { objectsIn } from '../matching/versions.ts';
import { refuse } from '../request.ts';
import { keptFor } from './compiled.ts';
import type { Followed } from './followed.ts';
import { type Invocation, invocationsOf, isMisconfigured, namespaceSeen } from './invocations.ts';
import { compileValidatingPolicy, type Denial, judge } from './judgement.ts';

export interface PolicyOptions {
  reader: ObjectReader;
  catalogue: DefinitionCatalogue;
  authorizer: Authorizer;
}

type Policy = ValidatingAdmissionPolicy;
type Binding = ValidatingAdmissionPolicyBinding;

/** A validator that keeps what it compiles. */
export function createValidator(options: PolicyOptions) {
  const compiledOf = keptFor(compileValidatingPolicy);

  async function denialsOf(
    { policy, matched, params }: Invocation<Policy, Binding>,
    request: AdmissionRequest,
  ): Promise<Denial[]> {
    const { reader, authorizer } = options;
    const compiled = compiledOf(policy);
    const namespace = namespaceSeen(request, reader);
    const objects = await objectsIn(matched, request);
    const { variables } = compiled;
    return judge(compiled, { request, matched, ...objects, namespace, params, authorizer, variables });
  }

  return async (followed: readonly Followed<Policy, Binding>[], request: AdmissionRequest): Promise<void> => {
    const denied: { told: string; reason?: string }[] = [];
    for (const one of await invocationsOf(followed, { ...options, request })) {
      const { policy, binding } = one;
      const by = `ValidatingAdmissionPolicy '${policy.metadata.name}'${binding ? ` with binding '${binding.metadata.name}'` : ''}`;
      if (isMisconfigured(one)) {
        if (policy.spec.failurePolicy !== 'Ignore') denied.push({ told: `${by} denied request: ${one.message}` });
        continue;
      }
      const { validationActions } = one.binding.spec;
      for (const { message, reason, always } of await denialsOf(one, request)) {
        if (always || validationActions.includes('Deny')) {
          denied.push({ told: `${by} denied request: ${message}`, ...(reason ? { reason } : {}) });
        }
        if (!always && validationActions.includes('Warn')) request.warn(`Validation failed for ${by}: ${message}`);
      }
    }
    const [first] = denied;
    if (first) throw refusal(request, first);
  };
}

const CODES: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413 };

function refusal(
  request: AdmissionRequest,
  { told, reason = 'Invalid' }: { told: string; reason?: string },
): StatusError {
  const { status } = refuse(request, told);
  return new StatusError({
    ...status,
    reason,
    code: CODES[reason] ?? 422,
    details: { ...status.details, causes: [{ message: told }] },
  });
}
