// What was found out about a text, kept for when it comes again: manifests repeat their amounts, images and labels in
// every object that is made of them, and each is looked at several times for each object.

const KEPT = 512;
/** So that what is kept takes little, whatever is sent. */
const LONGEST = 256;

/** `find` with its last answers kept; it must always answer the same to a text, and nobody may change an answer. */
export function remembered<T>(find: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined || known.has(text)) return before as T;
    if (text.length > LONGEST) return find(text);
    const own = ofItsOwn(text);
    const found = find(own);
    if (known.size === KEPT) known.clear();
    known.set(own, found);
    return found;
  };
}

/** A part that was cut out of a text keeps the whole of it in memory. */
const ofItsOwn = (text: string): string => Buffer.from(text, 'utf16le').toString('utf16le');
