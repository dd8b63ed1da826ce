// MutatingAdmissionPolicy and ValidatingAdmissionPolicy. What judges is loaded with the first policy that may be meant.
import {
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '../../../api/resources.ts';
import type { SchemaSet } from '../../../apimachinery/schema.ts';
import { lazily } from '../../../lazily.ts';
import type { AdmissionPlugin } from '../../identity.ts';
import { followPolicies } from './followed.ts';
import type { PolicyOptions } from './validate.ts';

const mutation = lazily<typeof import('./mutate.ts')>(import.meta.url, './mutate.ts');
const validation = lazily<typeof import('./validate.ts')>(import.meta.url, './validate.ts');

export function mutatingAdmissionPolicy(options: PolicyOptions & { types: SchemaSet }): AdmissionPlugin {
  const name = 'MutatingAdmissionPolicy';
  const { reader, catalogue } = options;
  const [policies, bindings] = [mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings];
  const followed = followPolicies({ reader, catalogue, policies, bindings });
  let mutate: ReturnType<ReturnType<typeof mutation>['createMutator']> | undefined;
  return {
    name,
    admit(request) {
      const meant = followed.meant(request);
      if (meant.length === 0) return;
      mutate ??= mutation().createMutator(name, options);
      return mutate(meant, request);
    },
    close: followed.close,
  };
}

export function validatingAdmissionPolicy(options: PolicyOptions): AdmissionPlugin {
  const { reader, catalogue } = options;
  const [policies, bindings] = [validatingAdmissionPolicies, validatingAdmissionPolicyBindings];
  const followed = followPolicies({ reader, catalogue, policies, bindings });
  let validate: ReturnType<ReturnType<typeof validation>['createValidator']> | undefined;
  return {
    name: 'ValidatingAdmissionPolicy',
    validate(request) {
      const meant = followed.meant(request);
      if (meant.length === 0) return;
      validate ??= validation().createValidator(options);
      return validate(meant, request);
    },
    close: followed.close,
  };
}
