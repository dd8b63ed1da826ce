// Reading repeated and prefixed request headers. Names arrive in lower case; Node joins repeated headers with ", "
// unless they are handed over as a list.

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** All non-empty values of one header, in order. */
export function headerValues(headers: Headers, name: string): string[] {
  const value = headers[name];
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : value.split(', ')).filter((v) => v !== '');
}

/** Headers that start with `prefix`, by the rest of their (percent-decoded) name. */
export function prefixedHeaders(headers: Headers, prefix: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const name in headers) {
    if (name.startsWith(prefix)) found[unescapeKey(name.slice(prefix.length))] = headerValues(headers, name);
  }
  return found;
}

/** A malformed escape is kept as it stands, as upstream does. */
function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
