// DeleteOptions from the body or the query of a DELETE.
import type { JsonObject } from '../../apimachinery/meta.ts';
import { badRequest, type FieldError, fieldError, invalid } from '../../apimachinery/status-error.ts';
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
export function parseDeleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  const fields = body === undefined ? fromQuery(query) : fromBody(body);
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

type Fields = Omit<DeleteOptions, 'dryRun'> & { dryRun: string[] };

function fromQuery(query: URLSearchParams): Fields {
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
    dryRun: query.getAll('dryRun').filter((value) => value !== ''),
  };
}

function fromBody(body: unknown): Fields {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('the object provided is not a DeleteOptions');
  }
  const { kind, gracePeriodSeconds, preconditions, orphanDependents, propagationPolicy, dryRun } = body as Record<
    string,
    unknown
  >;
  if (kind !== undefined && kind !== 'DeleteOptions') {
    throw badRequest(`the object provided is unrecognized: expected DeleteOptions, got ${String(kind)}`);
  }
  if (gracePeriodSeconds != null && !Number.isSafeInteger(gracePeriodSeconds)) {
    throw badRequest(
      'json: cannot unmarshal value into Go struct field DeleteOptions.gracePeriodSeconds of type int64',
    );
  }
  if (orphanDependents != null && typeof orphanDependents !== 'boolean') {
    throw badRequest('json: cannot unmarshal value into Go struct field DeleteOptions.orphanDependents of type bool');
  }
  if (propagationPolicy != null && typeof propagationPolicy !== 'string') {
    throw badRequest(
      'json: cannot unmarshal value into Go struct field DeleteOptions.propagationPolicy of type string',
    );
  }
  return {
    ...(gracePeriodSeconds == null ? {} : { gracePeriodSeconds: gracePeriodSeconds as number }),
    ...(preconditions == null ? {} : { preconditions: definedStrings(preconditions) }),
    ...(orphanDependents == null ? {} : { orphanDependents }),
    ...(propagationPolicy == null ? {} : { propagationPolicy }),
    dryRun: Array.isArray(dryRun) ? dryRun.map(String) : [],
  };
}

function definedStrings(value: unknown): { uid?: string; resourceVersion?: string } {
  const { uid, resourceVersion } = value as Record<string, unknown>;
  return {
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  };
}

/** As admission sees them. */
export const deletionOptions = ({ dryRun, ...options }: DeleteOptions): JsonObject => ({
  kind: 'DeleteOptions',
  apiVersion: 'meta.k8s.io/v1',
  ...(options as JsonObject),
  ...(dryRun ? { dryRun: ['All'] } : {}),
});
