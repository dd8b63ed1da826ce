// How a gRPC call that failed is told. https://grpc.io/docs/guides/status-codes/

const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

export type StatusCode = (typeof CODES)[number];

export class GrpcError extends Error {
  readonly code: StatusCode;
  constructor(code: StatusCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'GrpcError';
    this.code = code;
  }
}

/** The error as Go prints it (google.golang.org/grpc/internal/status): NOT_FOUND is NotFound, CANCELLED is Canceled. */
export function goWords({ code, message }: GrpcError): string {
  const words = code === 'CANCELLED' ? ['CANCELED'] : code.split('_');
  const name = words.map((word) => `${word[0]}${word.slice(1).toLowerCase()}`).join('');
  return `rpc error: code = ${name} desc = ${message}`;
}

export const isGrpcError = (error: unknown, ...codes: readonly StatusCode[]): error is GrpcError =>
  error instanceof GrpcError && codes.includes(error.code);

/** The error in the headers or trailers that end a call; undefined when it went well. */
export function failureOf(headers: Readonly<Record<string, unknown>>): GrpcError | undefined {
  const status = headers['grpc-status'];
  if (status === '0') return undefined;
  if (status === undefined) {
    const http = headers[':status'];
    return new GrpcError('UNKNOWN', `the answer is not gRPC's: HTTP status ${String(http)} without a grpc-status`);
  }
  return new GrpcError(CODES[Number(status)] ?? 'UNKNOWN', unescaped(String(headers['grpc-message'] ?? '')));
}

/** Percent-encoded UTF-8; what is not is taken as it is. */
function unescaped(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
