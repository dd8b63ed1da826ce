// DeleteOptions from the body or the query of a DELETE.
import type { Decoded } from '../../apimachinery/codec/decoded.ts';
import { decodeTyped } from '../../apimachinery/codec/strict.ts';
import type { JsonObject } from '../../apimachinery/meta.ts';
import type { SchemaSet } from '../../apimachinery/schema.ts';
import { badRequest, type FieldError, fieldError, invalid } from '../../apimachinery/status-error.ts';
import { noKind, refusing, typeSaid } from '../decode-refusal.ts';
import { isTrue } from '../request-info.ts';
import { parseInteger, validateDryRun } from './parameters.ts';

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  orphanDependents?: boolean;
  propagationPolicy?: string;
  dryRun: boolean;
}

const POLICIES = ['Foreground', 'Background', 'Orphan'];

/** The body wins over the query, as upstream. Throws 400 for another kind, 422 for contradictions. */
export function parseDeleteOptions(
  body: Decoded | undefined,
  { query, types }: { query: URLSearchParams; types: SchemaSet },
): DeleteOptions {
  return judged(body === undefined ? fromQuery(query) : deletionFields(body, types));
}

/** Throws 422 for contradictions. */
export function judged(fields: DeletionFields): DeleteOptions {
  const errors: FieldError[] = [];
  const { propagationPolicy, orphanDependents } = fields;
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    errors.push(
      fieldError.invalid(
        'propagationPolicy',
        propagationPolicy,
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    );
  }
  if (propagationPolicy !== undefined && !POLICIES.includes(propagationPolicy)) {
    errors.push(fieldError.notSupported('propagationPolicy', propagationPolicy, [...POLICIES, 'nil']));
  }
  errors.push(...validateDryRun(fields.dryRun));
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
  return { ...fields, dryRun: fields.dryRun.length > 0 };
}

/** Options as they were given, not judged. */
export type DeletionFields = Omit<DeleteOptions, 'dryRun'> & { dryRun: string[] };

function fromQuery(query: URLSearchParams): DeletionFields {
  const gracePeriodSeconds = parseInteger(query, 'gracePeriodSeconds');
  const [uid, resourceVersion] = [query.get('uid'), query.get('resourceVersion')];
  const preconditions =
    uid || resourceVersion ? { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) } : undefined;
  const propagationPolicy = query.get('propagationPolicy') ?? undefined;
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(query.has('orphanDependents') ? { orphanDependents: isTrue(query.get('orphanDependents')) } : {}),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(preconditions ? { preconditions } : {}),
    dryRun: query.getAll('dryRun'),
  };
}

const OPTIONS = { group: 'meta.k8s.io', version: 'v1', kind: 'DeleteOptions' };
const MODEL = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';

/** Throws 400 for what is no DeleteOptions. */
export function deletionFields(body: Decoded, types: SchemaSet): DeletionFields {
  // null is options of which nothing is said.
  const given = body.value ?? {};
  const { kind, apiVersion } = refusing(() => typeSaid(given, OPTIONS));
  if (kind !== OPTIONS.kind) throw badRequest(noKind(kind, apiVersion));
  const { gracePeriodSeconds, preconditions, orphanDependents, propagationPolicy, dryRun } = typed(
    { ...body, value: given },
    types,
  );
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(preconditions ? { preconditions } : {}),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    dryRun: dryRun ?? [],
  };
}

const typed = (body: Decoded, types: SchemaSet): Partial<DeletionFields> =>
  refusing(() => decodeTyped(body, types.type(MODEL), types).value as Partial<DeletionFields>);

/** As admission sees them. */
export const deletionOptions = ({ dryRun, ...options }: DeleteOptions): JsonObject => ({
  kind: 'DeleteOptions',
  apiVersion: 'meta.k8s.io/v1',
  ...(options as JsonObject),
  ...(dryRun ? { dryRun: ['All'] } : {}),
});
