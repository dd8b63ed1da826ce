// CertificateApproval, CertificateSigning and CertificateSubjectRestriction: who may approve or sign for a signer, and
// that nobody gets into system:masters by a certificate request.
import { isDeepStrictEqual } from 'node:util';
import type { CertificateSigningRequest } from '../../api/types/certificates/v1.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../identity.ts';
import { isFor, refuse, resourceOf } from './request.ts';

const RESOURCE = 'certificatesigningrequests.certificates.k8s.io';
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';

export const certificateApproval = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'CertificateApproval',
  async validate(request) {
    if (request.operation !== 'UPDATE' || resourceOf(request) !== RESOURCE || request.subresource !== 'approval')
      return;
    // The old object's: a new signer name in the body must not choose what is checked.
    const { signerName } = (request.oldObject as unknown as CertificateSigningRequest).spec;
    if (!(await mayActFor(authorizer, request, 'approve', signerName))) {
      throw refuse(request, `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`);
    }
  },
});

export const certificateSigning = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'CertificateSigning',
  async validate(request) {
    if (request.operation !== 'UPDATE' || resourceOf(request) !== RESOURCE || request.subresource !== 'status') return;
    const [csr, old] = [request.object, request.oldObject] as unknown as CertificateSigningRequest[];
    const unchanged =
      csr?.status?.certificate === old?.status?.certificate &&
      isDeepStrictEqual(csr?.status?.conditions ?? [], old?.status?.conditions ?? []);
    const signerName = old?.spec.signerName ?? '';
    if (!unchanged && !(await mayActFor(authorizer, request, 'sign', signerName))) {
      throw refuse(request, `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`);
    }
  },
});

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  async validate(request) {
    if (!isFor(request, RESOURCE, ['CREATE'])) return;
    const { spec } = request.object as unknown as CertificateSigningRequest;
    if (spec.signerName !== CLIENT_SIGNER) return;
    const organizations = await organizationsOf(spec.request).catch((cause: unknown) => {
      throw refuse(request, `failed to parse CSR: ${(cause as Error).message}`);
    });
    if (organizations.includes('system:masters')) {
      throw refuse(request, `use of ${CLIENT_SIGNER} signer with system:masters group is not allowed`);
    }
  },
};

/** The right is on the signer's name, or on all names of its domain ("example.com/*"). */
async function mayActFor(
  authorizer: Authorizer,
  { user }: AdmissionRequest,
  verb: string,
  signerName: string,
): Promise<boolean> {
  for (const name of [signerName, `${signerName.split('/')[0]}/*`]) {
    const decision = await authorizer.authorize({
      user,
      verb,
      isResource: true,
      apiGroup: 'certificates.k8s.io',
      apiVersion: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
      path: '',
    });
    if (decision.result === 'allow') return true;
  }
  return false;
}

/** `request` is base64 of a PEM certificate request. Loaded on first use: few clusters ever see one. */
async function organizationsOf(request: string): Promise<string[]> {
  await import('reflect-metadata');
  const { Pkcs10CertificateRequest } = await import('@peculiar/x509');
  const csr = new Pkcs10CertificateRequest(Buffer.from(request, 'base64').toString());
  return csr.subjectName.getField('O');
}
