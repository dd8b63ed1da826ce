// An object as it is held in memory. What came from the driver stays text until somebody reads it: most objects of a
// large cluster are not read for a long time, and parsing all of them is most of a start.
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

/** Of a content that is at hand. */
export const makeEntry = (
  at: At,
  { content, written }: { content: KubeObject; written: Written | undefined },
): StorageEntry => new Entry(at, stamp(content, at.revision), written);

export function forgetWritten(entry: StorageEntry): void {
  if (entry instanceof Entry) entry.written = undefined;
}

/** Of stored text, which is parsed when `object` is first asked for; that throws UnreadableValue when it cannot be. */
export const entryOfText = (at: At, text: string, decode: Decode): StorageEntry =>
  new Entry(at, () => {
    try {
      return stamp(deepFreeze(decode(text)), at.revision);
    } catch (cause) {
      throw new UnreadableValue(at.key, at.revision, cause);
    }
  });

class Entry implements StorageEntry {
  readonly key: string;
  readonly revision: Revision;
  readonly createRevision: Revision;
  #object: KubeObject | (() => KubeObject);
  #encodings: Map<string, Uint8Array> | undefined;
  written: Written | undefined;

  constructor(at: At, object: KubeObject | (() => KubeObject), written?: Written) {
    this.key = at.key;
    this.revision = at.revision;
    this.createRevision = at.createRevision;
    this.#object = object;
    this.written = written;
  }

  get object(): KubeObject {
    if (typeof this.#object === 'function') this.#object = this.#object();
    return this.#object;
  }

  /** Made with the first one: most entries never have any. */
  get encodings(): Map<string, Uint8Array> {
    this.#encodings ??= new Map();
    return this.#encodings;
  }
}
