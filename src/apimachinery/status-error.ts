// The one list of coded errors: each is a metav1.Status ready to send. Wordings are those of
// k8s.io/apimachinery/pkg/api/errors and pkg/util/validation/field, which clients match on.
import type { Status, StatusCause } from './meta.ts';

export interface GroupResource {
  group: string;
  resource: string;
}

export interface GroupKind {
  group: string;
  kind: string;
}

/** An error that has an HTTP answer. `headers` are sent with it (Retry-After is derived from the details). */
export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Omit<Status, 'kind' | 'apiVersion' | 'metadata' | 'status'> & { metadata?: Status['metadata'] }) {
    super(status.message ?? status.reason ?? 'unknown error');
    this.name = 'StatusError';
    this.status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...status };
  }

  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): string {
    return this.status.reason ?? '';
  }
}

/** True when `error` is a StatusError with this reason (NotFound, AlreadyExists, Conflict, …). */
export const hasReason = (error: unknown, reason: string): error is StatusError =>
  error instanceof StatusError && error.reason === reason;

const qualified = (r: GroupResource): string => (r.group ? `${r.resource}.${r.group}` : r.resource);

const resourceDetails = (r: GroupResource, name: string) => ({
  ...(name ? { name } : {}),
  ...(r.group ? { group: r.group } : {}),
  ...(r.resource ? { kind: r.resource } : {}),
});

export const notFound = (r: GroupResource, name: string): StatusError =>
  new StatusError({
    code: 404,
    reason: 'NotFound',
    message: `${qualified(r)} "${name}" not found`,
    details: resourceDetails(r, name),
  });

/** The answer for a path that no handler serves. */
export const pathNotFound = (): StatusError =>
  new StatusError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  });

export const alreadyExists = (r: GroupResource, name: string): StatusError =>
  new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${qualified(r)} "${name}" already exists`,
    details: resourceDetails(r, name),
  });

export const conflict = (r: GroupResource, name: string, why: string): StatusError =>
  new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualified(r)} "${name}": ${why}`,
    details: resourceDetails(r, name),
  });

/** `why` of the conflict that clients retry on. */
export const OBJECT_MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

export const badRequest = (message: string): StatusError =>
  new StatusError({ code: 400, reason: 'BadRequest', message });

export const unauthorized = (message = 'Unauthorized'): StatusError =>
  new StatusError({ code: 401, reason: 'Unauthorized', message });

export const forbidden = (r: GroupResource, name: string, why: string): StatusError =>
  new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: r.resource
      ? name
        ? `${qualified(r)} "${name}" is forbidden: ${why}`
        : `${qualified(r)} is forbidden: ${why}`
      : `forbidden: ${why}`,
    details: resourceDetails(r, name),
  });

export const methodNotAllowed = (r: GroupResource, action: string): StatusError =>
  new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `${action} is not supported on resources of kind "${qualified(r)}"`,
    details: resourceDetails(r, ''),
  });

export const notAcceptable = (message: string): StatusError =>
  new StatusError({ code: 406, reason: 'NotAcceptable', message });

/** The answer for a path that is served, but in none of the formats asked for: told before any handler. */
export const routeNotAcceptable = (offered: readonly string[]): StatusError =>
  new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `406: Not Acceptable\n\nAvailable representations: ${offered.join(', ')}`,
    details: {},
  });

export const unsupportedMediaType = (message: string): StatusError =>
  new StatusError({ code: 415, reason: 'UnsupportedMediaType', message });

export const requestEntityTooLarge = (message: string): StatusError =>
  new StatusError({ code: 413, reason: 'RequestEntityTooLarge', message });

export const expired = (message: string, metadata?: Status['metadata']): StatusError =>
  new StatusError({ code: 410, reason: 'Expired', message, ...(metadata ? { metadata } : {}) });

export const timeout = (message: string, retryAfterSeconds?: number, causes?: StatusCause[]): StatusError =>
  new StatusError({
    code: 504,
    reason: 'Timeout',
    message,
    details: { ...(causes ? { causes } : {}), ...(retryAfterSeconds ? { retryAfterSeconds } : {}) },
  });

/** A resourceVersion that has not been reached yet (storage.NewTooLargeResourceVersionError). */
export const tooLargeResourceVersion = (wanted: number, current: number): StatusError =>
  timeout(`Timeout: Too large resource version: ${wanted}, current: ${current}`, 1, [
    { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
  ]);

export const tooManyRequests = (message: string, retryAfterSeconds: number, causes?: StatusCause[]): StatusError =>
  new StatusError({
    code: 429,
    reason: 'TooManyRequests',
    message,
    details: { ...(causes ? { causes } : {}), ...(retryAfterSeconds ? { retryAfterSeconds } : {}) },
  });

export const serviceUnavailable = (message: string): StatusError =>
  new StatusError({ code: 503, reason: 'ServiceUnavailable', message });

export const internalError = (message: string): StatusError =>
  new StatusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
  });

/**
 * A request that was understood but cannot be done, such as a JSON patch that does not apply. Upstream keeps the reason
 * from the client (NewGenericServerResponse); it stays in the error's cause, for the log.
 */
export function rejected(why: string): StatusError {
  const error = new StatusError({
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
    details: {},
  });
  error.cause = new Error(why);
  return error;
}

/** An error without a reason of its own, which upstream answers with 500 and its bare text. */
export const unexpected = (message: string): StatusError => new StatusError({ code: 500, message });

/** Field errors where upstream makes no Status of them: 500 and their text. */
export const unexpectedlyInvalid = (errors: readonly FieldError[]): StatusError => unexpected(textOf(errors));

/** As an aggregate of Go's errors reads: each once, in brackets where there are several. */
function textOf(errors: readonly FieldError[]): string {
  const unique = [...new Set(errors.map((e) => `${e.field}: ${e.message}`))];
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`;
}

/** 422 with one cause per field error, in their order. */
export function invalid(gk: GroupKind, name: string, errors: readonly FieldError[]): StatusError {
  const kind = gk.group ? `${gk.kind}.${gk.group}` : gk.kind;
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${kind} "${name}" is invalid: ${textOf(errors)}`,
    details: {
      ...(name ? { name } : {}),
      ...(gk.group ? { group: gk.group } : {}),
      ...(gk.kind ? { kind: gk.kind } : {}),
      causes: errors.map((e) => ({ reason: e.reason, message: e.message, field: e.field })),
    },
  });
}

/** One failed rule of validation; `reason` and `message` are those of field.Error. */
export interface FieldError {
  reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueNotFound'
    | 'FieldValueForbidden'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueTypeInvalid'
    | 'InternalError';
  /** Go's field path: spec.containers[0].name, metadata.labels, data[key]. */
  field: string;
  message: string;
}

/** JSON as Go writes it: in values that are more than a string some characters are escaped. */
const show = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value)
    : (JSON.stringify(value) ?? 'null').replace(/[<>&\u2028\u2029]/g, escaped);

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Constructors of field errors, as k8s.io/apimachinery/pkg/util/validation/field words them. */
export const fieldError = {
  required: (field: string, detail = ''): FieldError => ({
    reason: 'FieldValueRequired',
    field,
    message: detail ? `Required value: ${detail}` : 'Required value',
  }),
  invalid: (field: string, value: unknown, detail: string): FieldError => ({
    reason: 'FieldValueInvalid',
    field,
    message: `Invalid value: ${show(value)}: ${detail}`,
  }),
  /** The supported values are told in their order: Go's sets are sorted, its lists are not. */
  notSupported: (field: string, value: unknown, supported: readonly string[]): FieldError => ({
    reason: 'FieldValueNotSupported',
    field,
    message: `Unsupported value: ${show(value)}: supported values: ${supported.map((v) => JSON.stringify(v)).join(', ')}`,
  }),
  duplicate: (field: string, value: unknown): FieldError => ({
    reason: 'FieldValueDuplicate',
    field,
    message: `Duplicate value: ${show(value)}`,
  }),
  notFound: (field: string, value: unknown): FieldError => ({
    reason: 'FieldValueNotFound',
    field,
    message: `Not found: ${show(value)}`,
  }),
  internal: (field: string, detail: string): FieldError => ({
    reason: 'InternalError',
    field,
    message: `Internal error: ${detail}`,
  }),
  forbidden: (field: string, detail: string): FieldError => ({
    reason: 'FieldValueForbidden',
    field,
    message: `Forbidden: ${detail}`,
  }),
  tooLong: (field: string, maxBytes: number): FieldError => ({
    reason: 'FieldValueTooLong',
    field,
    message: `Too long: may not be more than ${maxBytes} ${maxBytes === 1 ? 'byte' : 'bytes'}`,
  }),
  tooMany: (field: string, actual: number, max: number): FieldError => ({
    reason: 'FieldValueTooMany',
    field,
    message: `Too many: ${actual}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
  }),
  typeInvalid: (field: string, value: unknown, detail: string): FieldError => ({
    reason: 'FieldValueTypeInvalid',
    field,
    message: `Invalid value: ${show(value)}: ${detail}`,
  }),
};
