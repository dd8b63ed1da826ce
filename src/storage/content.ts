// What an object is apart from its revision: the part that is stored, compared and stamped.
import { holdsBigints, storedJson } from '../apimachinery/codec/exact.ts';
import type { KubeObject } from '../apimachinery/meta.ts';
import type { Revision, Written } from './storage.ts';

/** `object` without what the store adds when reading, sharing its parts with `object`. */
export function contentOf(object: KubeObject): KubeObject {
  const { resourceVersion: _version, selfLink: _link, ...metadata } = object.metadata;
  return { ...object, metadata };
}

const typeOf = (type: Partial<KubeObject>): string => JSON.stringify(type).slice(0, -1);

/** As JSON for the driver, and its parts. */
export function write(content: KubeObject): { value: string; written: Written } {
  const { kind, apiVersion, metadata, ...others } = content;
  const [about, below] = [storedJson(metadata), storedJson(others)];
  const written = { metadata: about.trimStart(), rest: below === '{}' ? '}' : `,${below.trimStart().slice(1)}` };
  // The store asks nobody for a type.
  const type = kind === undefined && apiVersion === undefined ? '{' : `${typeOf({ kind, apiVersion })},`;
  const isExact = holdsBigints(about) || holdsBigints(below);
  return { value: `${isExact ? ' ' : ''}${type}"metadata":${written.metadata}${written.rest}`, written };
}

/** The object as it is read at `revision`. */
export const stamp = (content: KubeObject, revision: Revision): KubeObject =>
  Object.freeze({ ...content, metadata: Object.freeze({ ...content.metadata, resourceVersion: String(revision) }) });

/**
 * Whether writing `content` over `stored` would change anything: order of fields does not matter, nor does a field
 * that is undefined (etcd3's store.go compares encodings in which neither shows).
 */
export function sameContent(stored: KubeObject, content: KubeObject): boolean {
  const { resourceVersion } = stored.metadata;
  return sameValue(stored, { ...content, metadata: { ...content.metadata, resourceVersion } });
}

function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => sameValue(item, b[i]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const present = (o: Record<string, unknown>) => Object.keys(o).filter((k) => o[k] !== undefined);
  const keys = present(left);
  return (
    keys.length === present(right).length && keys.every((k) => Object.hasOwn(right, k) && sameValue(left[k], right[k]))
  );
}
