// An object as it is held in memory. What came from the driver stays text until somebody reads it: most objects of a
// large cluster are not read for a long time, and parsing all of them is most of a start. What was just written is there
// as a value too, which whoever follows the resource reads at once; if nobody does, it is text from then on, which takes
// a fifth of the memory and is nothing to the collector.
import { holdsBigints } from '../apimachinery/codec/exact.ts';
import type { KubeObject } from '../apimachinery/meta.ts';
import { deepFreeze } from '../apimachinery/value.ts';
import { stamp } from './content.ts';
import type { Revision, StorageEntry, Written } from './storage.ts';

/** Reads stored text; throws when it is not what was stored. */
export type Decode = (text: string) => KubeObject;

export interface At {
  readonly key: string;
  readonly revision: Revision;
  readonly createRevision: Revision;
}

/** The stored value could not be read back. */
export class UnreadableValue extends Error {
  constructor(key: string, revision: Revision, cause: unknown) {
    super(`the stored value of ${key} at revision ${revision} cannot be read: the database is damaged`, { cause });
    this.name = 'UnreadableValue';
  }
}

/** Of a content that is at hand, which must not be changed any more. `text` is the same as stored, where it was written. */
export const makeEntry = (
  at: At,
  {
    content,
    ...stored
  }: { content: KubeObject; text: string | undefined; written: Written | undefined; decode: Decode },
): StorageEntry => {
  const { text } = stored;
  return text === undefined
    ? new Entry(at, { object: stamp(content, at.revision), mayHoldBigints: true })
    : new Entry(at, {
        content,
        parse: parserOf(at, text, stored.decode),
        mayHoldBigints: holdsBigints(text),
        written: stored.written,
      });
};

/** To be called when the turn in which the entry was published is over. */
export function settle(entry: StorageEntry): void {
  if (entry instanceof Entry) entry.settle();
}

/** Of stored text, which is parsed when `object` is first asked for; that throws UnreadableValue when it cannot be. */
export const entryOfText = (at: At, text: string, decode: Decode): StorageEntry =>
  new Entry(at, { parse: parserOf(at, text, decode), mayHoldBigints: holdsBigints(text) });

/** Of an object that is not, or not yet, in the store. */
export const entryOfObject = (at: At, object: KubeObject): StorageEntry =>
  new Entry(at, { object, mayHoldBigints: true });

const parserOf = (at: At, text: string, decode: Decode) => (): KubeObject => {
  try {
    return decode(text);
  } catch (cause) {
    throw new UnreadableValue(at.key, at.revision, cause);
  }
};

/** What an entry is made of: an object, or what one can be made of. */
interface Made {
  mayHoldBigints: boolean;
  object?: KubeObject;
  content?: KubeObject | undefined;
  parse?: (() => KubeObject) | undefined;
  written?: Written | undefined;
}

class Entry implements StorageEntry {
  readonly key: string;
  readonly revision: Revision;
  readonly createRevision: Revision;
  readonly mayHoldBigints: boolean;
  #object: KubeObject | undefined;
  #content: KubeObject | undefined;
  #parse: (() => KubeObject) | undefined;
  #encodings: Map<string, Uint8Array> | undefined;
  written: Written | undefined;

  constructor(at: At, { object, content, parse, written, mayHoldBigints }: Made) {
    this.key = at.key;
    this.revision = at.revision;
    this.createRevision = at.createRevision;
    this.mayHoldBigints = mayHoldBigints;
    this.#object = object;
    this.#content = content;
    this.#parse = parse;
    this.written = written;
  }

  get object(): KubeObject {
    if (!this.#object) {
      const content = this.#content ?? (this.#parse as () => KubeObject)();
      this.#object = stamp(deepFreeze(content), this.revision);
      this.#content = undefined;
      this.#parse = undefined;
    }
    return this.#object;
  }

  settle(): void {
    this.#content = undefined;
    this.written = undefined;
  }

  /** Made with the first one: most entries never have any. */
  get encodings(): Map<string, Uint8Array> {
    this.#encodings ??= new Map();
    return this.#encodings;
  }
}
