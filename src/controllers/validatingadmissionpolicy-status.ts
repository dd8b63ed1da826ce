// Tells the authors of validating policies which expressions do not fit the types that they are for
// (pkg/controller/validatingadmissionpolicystatus). Once a generation: what is served later does not bring it back.
import { type ServedType, typeWarnings } from '../api/admissionregistration/type-checking.ts';
import { builtinSchema } from '../api/facts.ts';
import { validatingAdmissionPolicies } from '../api/resources.ts';
import { formatGroupVersion } from '../apimachinery/meta.ts';
import { type Controller, watchOf } from '../client/controller.ts';
import type { ServedResource, ServedResources } from './served-resources.ts';

const NAME = 'validatingadmissionpolicy-status-controller';

export const validatingAdmissionPolicyStatusController = ({
  resources,
}: {
  resources: ServedResources;
}): Controller => ({
  name: NAME,
  watches: [watchOf({ resource: validatingAdmissionPolicies, toKeys: ({ metadata }) => [metadata.name ?? ''] })],

  async reconcile(name, { client, informers }) {
    const policy = informers.for(validatingAdmissionPolicies).lister.get(undefined, name);
    const { generation = 0 } = policy?.metadata ?? {};
    if (!policy || generation <= (policy.status?.observedGeneration ?? 0)) return undefined;
    const served = resources.all().filter(isTyped);
    const warnings = typeWarnings(policy, served, builtinSchema);
    const status = {
      observedGeneration: generation,
      typeChecking: warnings.length > 0 ? { expressionWarnings: warnings } : {},
    };
    const { kind } = validatingAdmissionPolicies;
    const body = { apiVersion: formatGroupVersion(validatingAdmissionPolicies), kind, metadata: { name }, status };
    const how = { fieldManager: NAME, subresource: 'status' };
    await client.patch(validatingAdmissionPolicies, undefined, name, { type: 'apply', body, force: true }, how);
    return undefined;
  },
});

const isTyped = (resource: ServedResource): resource is ServedResource & ServedType => resource.schema !== undefined;
