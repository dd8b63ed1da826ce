// Keys: their byte order, the resource they belong to, and where a prefix ends.
// A key is `/<group or core>/<resource>/<rest>`; order is that of the UTF-8 bytes.

/** `/<group>/<resource>/` of a key or of a longer prefix; throws when there are not two segments. */
export function resourcePrefix(key: string): string {
  const second = key.indexOf('/', 1);
  const third = second < 0 ? -1 : key.indexOf('/', second + 1);
  if (!key.startsWith('/') || third < 0) throw new TypeError(`not a storage key or prefix: ${JSON.stringify(key)}`);
  return key.slice(0, third + 1);
}

/** Throws unless `key` can be stored: two segments, something after them, and text that UTF-8 can carry. */
export function assertKey(key: string): void {
  if (resourcePrefix(key).length === key.length || key.endsWith('/') || !key.isWellFormed()) {
    throw new TypeError(`not a storage key: ${JSON.stringify(key)}`);
  }
}

/** The first string after every key that starts with `prefix`, which ends in '/'. */
export function prefixEnd(prefix: string): string {
  if (!prefix.endsWith('/')) throw new TypeError(`a storage prefix ends in '/': ${JSON.stringify(prefix)}`);
  return `${prefix.slice(0, -1)}0`; // '0' is the character after '/'
}

/** Surrogates stand for code points above U+FFFF, yet as numbers they lie below U+E000..U+FFFF. */
const codePointRank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

/** Order of the UTF-8 bytes, which is the order of code points and not that of JavaScript's `<`. */
export function compareKeys(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** What a cluster makes anew by itself, all the time: it need not survive a power cut, nor be looked back at for long. */
export const VOLATILE_PREFIXES: readonly string[] = [
  '/core/events/',
  '/events.k8s.io/events/',
  '/coordination.k8s.io/leases/',
];
