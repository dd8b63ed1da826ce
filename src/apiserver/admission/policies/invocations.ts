// Which policies a request has to pass, by which bindings, with which params
// (k8s.io/apiserver pkg/admission/plugin/policy/generic/policy_dispatcher.go Dispatch).
import type { ResourceDefinition } from '../../../api/definition.ts';
import { namespaces } from '../../../api/resources.ts';
import type { MutatingAdmissionPolicy, ParamKind, ParamRef } from '../../../api/types/admissionregistration/v1.ts';
import type { Namespace } from '../../../api/types/core/v1.ts';
import type { AnyObject, KubeObject } from '../../../apimachinery/meta.ts';
import { notFound, StatusError } from '../../../apimachinery/status-error.ts';
import type { DefinitionCatalogue } from '../../catalogue.ts';
import type { AdmissionRequest } from '../../identity.ts';
import type { ObjectReader } from '../../reader.ts';
import { namespaceOf } from '../matching/attributes.ts';
import type { Followed } from './followed.ts';
import { ConfigurationError, collectParams, paramDefinition } from './params.ts';

type Policy = KubeObject & {
  spec: { paramKind?: ParamKind; failurePolicy?: MutatingAdmissionPolicy['spec']['failurePolicy'] };
};
type Binding = KubeObject & { spec: { paramRef?: ParamRef } };

export interface Invocation<P, B> {
  policy: P;
  binding: B;
  matched: ResourceDefinition;
  params: AnyObject | undefined;
}

/** What was wrong before anything could be judged; without a binding it is the policy's fault. */
export interface Misconfigured<P, B> {
  policy: P;
  binding?: B;
  message: string;
}

interface Options {
  request: AdmissionRequest;
  reader: ObjectReader;
  catalogue: DefinitionCatalogue;
}

export async function invocationsOf<P extends Policy, B extends Binding>(
  followed: readonly Followed<P, B>[],
  options: Options,
): Promise<(Invocation<P, B> | Misconfigured<P, B>)[]> {
  const found: (Invocation<P, B> | Misconfigured<P, B>)[] = [];
  for (const one of followed) found.push(...(await invocationsOfPolicy(one, options)));
  return found;
}

async function invocationsOfPolicy<P extends Policy, B extends Binding>(
  { policy, match, bindings }: Followed<P, B>,
  { request, reader, catalogue }: Options,
): Promise<(Invocation<P, B> | Misconfigured<P, B>)[]> {
  const ofPolicy = ({ message }: Error) => [{ policy, message: `failed to configure policy: ${message}` }];
  const matched = match.match(request);
  if (!matched) return [];
  if (matched instanceof Error) return ofPolicy(matched);
  let definition: ResourceDefinition | undefined;
  try {
    definition = policy.spec.paramKind && paramDefinition(policy.spec.paramKind, catalogue);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return ofPolicy(error);
  }
  const found: (Invocation<P, B> | Misconfigured<P, B>)[] = [];
  for (const { binding, match: its } of bindings) {
    const meant = its.match(request);
    const fault = ({ message }: Error) => ({ policy, binding, message: `failed to configure binding: ${message}` });
    if (meant instanceof Error) found.push(fault(meant));
    if (!meant || meant instanceof Error) continue;
    try {
      const all = await collectParams(definition, binding.spec.paramRef, { namespace: namespaceOf(request), reader });
      found.push(...all.map((params) => ({ policy, binding, matched, params })));
    } catch (error) {
      if (!(error instanceof ConfigurationError) && !(error instanceof StatusError)) throw error;
      found.push(fault(error));
    }
  }
  return found;
}

export const isMisconfigured = <P, B>(one: Invocation<P, B> | Misconfigured<P, B>): one is Misconfigured<P, B> =>
  'message' in one;

/** The namespace that expressions see; none for a Namespace itself. Throws 404 for one that is not there. */
export function namespaceSeen(request: AdmissionRequest, reader: ObjectReader): Namespace | undefined {
  const { definition, namespace } = request;
  if (!namespace || (definition.group === '' && definition.plural === 'namespaces')) return undefined;
  const found = reader.get(namespaces, undefined, namespace);
  if (found) return found;
  throw notFound({ group: '', resource: 'namespaces' }, namespace);
}
