// CertificateSigningRequests: what is asked for is for good; approvers write conditions, signers the certificate
// (pkg/apis/certificates/validation, pkg/registry/certificates/certificates).
import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type {
  CertificateSigningRequestCondition,
  CertificateSigningRequestSpec,
  CertificateSigningRequestStatus,
} from '../types/certificates/v1.ts';
import { oneOf, required, requiredOneOf } from '../validation/rules.ts';
import { pemBlocks, signedRequestProblem } from './signed-request.ts';
import { signerNameErrors } from './signer-name.ts';

const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';
const MIN_EXPIRATION_SECONDS = 600;
const FINAL = ['Approved', 'Denied', 'Failed'];
const JUDGEMENTS = ['Approved', 'Denied'];
const CONDITIONS = 'status.conditions';

type Condition = CertificateSigningRequestCondition;

const statusOf = (object: AnyObject): CertificateSigningRequestStatus =>
  (object.status ?? {}) as CertificateSigningRequestStatus;
const conditionsOf = (object: AnyObject): readonly Condition[] => statusOf(object).conditions ?? [];
const ofType = (object: AnyObject, type: string) => conditionsOf(object).filter((condition) => condition.type === type);
const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('latin1');

export function validateSigningRequest(object: AnyObject): FieldError[] {
  const spec = (object.spec ?? {}) as Partial<CertificateSigningRequestSpec>;
  const { request, signerName = '', expirationSeconds: seconds } = spec;
  const problem = signedRequestProblem(decode(request ?? ''));
  const errors = problem ? [fieldError.invalid('spec.request', request ?? null, problem)] : [];
  errors.push(...usageErrors(spec.usages ?? [], 'spec.usages'));
  const legacy = 'the legacy signerName is not allowed via this API version';
  if (signerName === LEGACY_SIGNER) errors.push(fieldError.invalid('spec.signerName', signerName, legacy));
  else errors.push(...signerNameErrors(signerName, 'spec.signerName'));
  if (seconds !== undefined && seconds < MIN_EXPIRATION_SECONDS) {
    const text = 'may not specify a duration less than 600 seconds (10 minutes)';
    errors.push(fieldError.invalid('spec.expirationSeconds', seconds, text));
  }
  return [...errors, ...conditionErrors(conditionsOf(object))];
}

function usageErrors(usages: readonly string[], path: string): FieldError[] {
  if (usages.length === 0) return [fieldError.required(path)];
  return [
    ...usages.flatMap((usage, i) => oneOf(usage, USAGES, `${path}[${i}]`)),
    ...usages.flatMap((usage, i) => (usages.indexOf(usage) < i ? [fieldError.duplicate(`${path}[${i}]`, usage)] : [])),
  ];
}

function conditionErrors(conditions: readonly Condition[]): FieldError[] {
  const types = conditions.map(({ type }) => type);
  return conditions.flatMap(({ type, status }, i) => {
    const at = `${CONDITIONS}[${i}]`;
    const errors: FieldError[] = type ? [] : [fieldError.required(`${at}.type`)];
    const allowed = FINAL.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    errors.push(...requiredOneOf(status, allowed, `${at}.status`));
    const earlier = types.slice(0, i);
    if (JUDGEMENTS.includes(type) && earlier.some((other) => JUDGEMENTS.includes(other) && other !== type)) {
      const text = 'Approved and Denied conditions are mutually exclusive';
      errors.push(fieldError.invalid(CONDITIONS, type, text));
    }
    return earlier.includes(type) ? [...errors, fieldError.duplicate(`${at}.type`, type)] : errors;
  });
}

/** What was judged, or failed, stays so. */
export const removalErrors = (object: AnyObject, old: AnyObject): FieldError[] =>
  FINAL.filter((type) => ofType(object, type).length < ofType(old, type).length).map((type) =>
    fieldError.forbidden(CONDITIONS, `updates may not remove a condition of type ${JSON.stringify(type)}`),
  );

/** Signers do not judge. */
const judgementErrors = (object: AnyObject, old: AnyObject): FieldError[] =>
  JUDGEMENTS.flatMap((type) => {
    const now = ofType(object, type);
    const before = ofType(old, type);
    const forbidden = (what: string) => [
      fieldError.forbidden(CONDITIONS, `updates may not ${what} a condition of type ${JSON.stringify(type)}`),
    ];
    if (now.length > before.length) return forbidden('add');
    return now.length === before.length && !isDeepStrictEqual(now, before) ? forbidden('modify') : [];
  });

function certificateErrors(now: string | undefined, before: string | undefined): FieldError[] {
  const path = 'status.certificate';
  if (now === before) return [];
  const problem = now ? certificateProblem(decode(now)) : undefined;
  const errors = problem ? [fieldError.invalid(path, '<certificate data>', problem)] : [];
  if (!before) return errors;
  return [...errors, fieldError.forbidden(path, 'updates may not modify existing certificate content')];
}

function certificateProblem(pem: string): string | undefined {
  const blocks = pemBlocks(pem);
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const { type, hasHeaders, der } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (hasHeaders) return 'no PEM block headers are permitted';
    try {
      new X509Certificate(der);
    } catch (error) {
      return `x509: malformed certificate: ${error instanceof Error ? error.message : error}`;
    }
  }
  return undefined;
}

/** Conditions say when they were written; a condition that is as it was keeps its time. */
export function stampConditions(object: AnyObject, old: AnyObject, now: number): void {
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
  for (const condition of statusOf(object).conditions ?? []) {
    condition.lastUpdateTime ??= time;
    const before = ofType(old, condition.type).find(({ status }) => status === condition.status);
    condition.lastTransitionTime ??= before?.lastTransitionTime ?? time;
  }
}

/** Judgements that are there still are put back as they were. */
function keepJudgements(object: AnyObject, old: AnyObject): void {
  const status = statusOf(object);
  for (const type of JUDGEMENTS) {
    const before = ofType(old, type);
    if (before.length === 0 || ofType(object, type).length !== before.length) continue;
    const kept = structuredClone(before);
    status.conditions = conditionsOf(object).map((condition) =>
      condition.type === type ? (kept.shift() as Condition) : condition,
    );
  }
}

export const certificateSigningRequests: Behaviour = {
  prepareForUpdate(object, old) {
    object.spec = structuredClone(old.spec);
  },
  prepareForStatusUpdate(object, old, { now }) {
    keepJudgements(object, old);
    stampConditions(object, old, now);
  },
  validate: validateSigningRequest,
  // Any name will do for its own rules, but none will not.
  validateCreate: ({ metadata }) => required(metadata.name, 'metadata.name', 'name or generateName is required'),
  validateUpdate: removalErrors,
  validateStatusUpdate: (object, old) => [
    ...validateSigningRequest(object),
    ...removalErrors(object, old),
    ...judgementErrors(object, old),
    ...certificateErrors(statusOf(object).certificate, statusOf(old).certificate),
  ],
};
