// What webhooks and policies never judge: themselves, so that nobody locks himself out
// (k8s.io/apiserver pkg/admission/plugin/webhook/predicates/rules/rules.go IsExemptAdmissionConfigurationResource), and,
// for policies, reviews that the cluster would break without (pkg/kubeapiserver/admission/exclusion/resources.go).
import type { ResourceDefinition } from '../../../api/definition.ts';

type Resource = Pick<ResourceDefinition, 'group' | 'plural'>;

const REVIEWS = new Set(['authentication.k8s.io', 'authorization.k8s.io']);

export const isExempt = ({ group }: Resource): boolean => group === 'admissionregistration.k8s.io';

export const isExemptFromPolicies = (resource: Resource): boolean => isExempt(resource) || REVIEWS.has(resource.group);
