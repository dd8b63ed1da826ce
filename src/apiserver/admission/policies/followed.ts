// The policies of a kind that have bindings, in the order of their names, and which of them may be for a request.
import type { ResourceType } from '../../../api/definition.ts';
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/types/admissionregistration/v1.ts';
import type { KubeObject } from '../../../apimachinery/meta.ts';
import type { DefinitionCatalogue } from '../../catalogue.ts';
import type { AdmissionRequest } from '../../identity.ts';
import type { ObjectReader } from '../../reader.ts';
import { isExemptFromPolicies } from '../matching/exempt.ts';
import { rememberByPlace } from '../matching/remembered.ts';
import { compileMatch, type ResourceMatch } from '../matching/resource-match.ts';
import { createEquivalents } from '../matching/versions.ts';

type Policy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy;
type Binding = ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding;

export interface Followed<P, B> {
  policy: P;
  match: ResourceMatch;
  bindings: readonly { binding: B; match: ResourceMatch }[];
}

export interface FollowOptions<P extends KubeObject, B extends KubeObject> {
  reader: ObjectReader;
  catalogue: DefinitionCatalogue;
  policies: ResourceType<P>;
  bindings: ResourceType<B>;
}

export function followPolicies<P extends Policy & KubeObject, B extends Binding & KubeObject>(
  options: FollowOptions<P, B>,
) {
  const { reader, catalogue, policies, bindings } = options;
  const equivalents = createEquivalents(catalogue);
  let all: readonly Followed<P, B>[] | undefined;
  const remembered = rememberByPlace<Followed<P, B>>(catalogue, (request) =>
    (all ?? []).filter(({ match }) => match.mayMatch(request)),
  );
  const changed = () => {
    all = undefined;
    remembered.forget();
  };
  const stops = [
    reader.subscribe(policies, changed),
    reader.subscribe(bindings, changed),
    remembered.close,
    equivalents.close,
  ];

  function gather(): readonly Followed<P, B>[] {
    const shared = { reader, equivalents: equivalents.find };
    const byPolicy = Map.groupBy(reader.list(bindings), ({ spec }) => spec.policyName);
    return reader.list(policies).flatMap((policy) => {
      const its = byPolicy.get(policy.metadata.name) ?? [];
      if (its.length === 0) return [];
      const bound = its.map((binding) => ({ binding, match: compileMatch(binding.spec.matchResources, shared) }));
      return [{ policy, match: compileMatch(policy.spec.matchConstraints, shared), bindings: bound }];
    });
  }

  return {
    /** Those whose rules mean such a request; names, selectors and conditions are still to be asked. */
    meant(request: AdmissionRequest): readonly Followed<P, B>[] {
      all ??= gather();
      return all.length === 0 || isExemptFromPolicies(request.definition) ? [] : remembered.of(request);
    },
    close() {
      for (const stop of stops) stop();
    },
  };
}
