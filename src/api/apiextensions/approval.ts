// Groups of the community are for types that were reviewed (KEP-1111; apiextensions-apiserver pkg/apihelpers).
import type { CustomResourceDefinition } from '../types/apiextensions/v1.ts';

export const APPROVED = 'api-approved.kubernetes.io';

export const isCommunityGroup = (group: string): boolean =>
  ['k8s.io', 'kubernetes.io'].some((domain) => group === domain || group.endsWith(`.${domain}`));

type Approval = 'missing' | 'bypassed' | 'approved' | 'invalid';

export function approvalOf({ metadata }: Pick<CustomResourceDefinition, 'metadata'>): Approval {
  const said = metadata?.annotations?.[APPROVED];
  if (said === undefined || said === '') return 'missing';
  if (said.startsWith('unapproved')) return 'bypassed';
  return URL.canParse(said) && new URL(said).host !== '' ? 'approved' : 'invalid';
}

interface Verdict {
  status: 'True' | 'False';
  reason: string;
  message: string;
}

const KEP = 'see https://github.com/kubernetes/enhancements/pull/1111';

/** What the condition KubernetesAPIApprovalPolicyConformant says; other groups have none. */
export function approvalVerdict(crd: Pick<CustomResourceDefinition, 'metadata' | 'spec'>): Verdict | undefined {
  if (!isCommunityGroup(crd.spec.group)) return undefined;
  const said = crd.metadata?.annotations?.[APPROVED] ?? '';
  const required = `protected groups must have approval annotation "${APPROVED}"`;
  switch (approvalOf(crd)) {
    case 'approved':
      return { status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${said}` };
    case 'bypassed':
      return { status: 'False', reason: 'UnapprovedAnnotation', message: `not approved: ${JSON.stringify(said)}` };
    case 'missing':
      return { status: 'False', reason: 'MissingAnnotation', message: `${required}, ${KEP}` };
    case 'invalid':
      return {
        status: 'False',
        reason: 'InvalidAnnotation',
        message: `${required} with either a URL or a reason starting with "unapproved", ${KEP}`,
      };
  }
}
