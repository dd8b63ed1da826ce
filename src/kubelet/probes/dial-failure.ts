// A connection that failed, in the words of Go's net package, which people know from their events.
const CONNECT_FAILURES: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
};

/** `address` is host:port. */
export function dialFailure(error: NodeJS.ErrnoException, address: string): string {
  const known = CONNECT_FAILURES[error.code ?? ''];
  if (known) return `dial tcp ${address}: connect: ${known}`;
  if (error.code === 'ENOTFOUND') return `dial tcp: lookup ${address.replace(/:\d+$/, '')}: no such host`;
  if (error.code === 'ECONNRESET') return `read tcp ${address}: read: connection reset by peer`;
  return error.message;
}
