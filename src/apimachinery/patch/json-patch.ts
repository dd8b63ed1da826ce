// RFC 6902 in the dialect of evanphx/json-patch v4, which upstream uses: negative indices count from the end,
// `replace` and `test` treat a missing member of an existing object as null, the root can only be replaced or tested.
import { setField } from '../codec/decoded.ts';
import type { Json, JsonObject } from '../meta.ts';
import { badRequest, rejected, requestEntityTooLarge } from '../status-error.ts';
import { canonicalEqual, deepCopy, isObject } from '../value.ts';

const MAX_OPERATIONS = 10_000;
/** What all copies of one patch may add up to, in bytes of JSON: the size of a request. */
const MAX_COPIED = 3 * 1024 * 1024;
const FIELDS = ['op', 'path', 'from', 'value'];

export interface JsonPatchOperation {
  op?: string;
  path?: string;
  from?: string;
  /** Absent is not the same as null for `test`. */
  value?: Json;
}

export interface JsonPatch {
  operations: readonly JsonPatchOperation[];
  /** What strict validation reports. */
  problems: readonly string[];
}

/** Reads a decoded body as a patch. Throws 400 when it is none and 413 when it is too long. */
export function readJsonPatch(body: Json, duplicates: readonly string[] = []): JsonPatch {
  const items = body ?? [];
  if (!Array.isArray(items))
    throw undecodable(`json: cannot unmarshal ${jsonKind(items)} into Go value of type []handlers.jsonPatchOp`);
  const problems: string[] = [];
  const operations = items.map((item, i) => {
    const operation = item ?? {};
    if (!isObject(operation)) {
      throw undecodable(`json: cannot unmarshal ${jsonKind(item as Json)} into Go value of type handlers.jsonPatchOp`);
    }
    for (const key of Object.keys(operation)) {
      if (!FIELDS.includes(key)) problems.push(`json patch unknown field ${JSON.stringify(`[${i}].${key}`)}`);
    }
    for (const key of ['op', 'path', 'from']) {
      const value = operation[key] as Json | undefined;
      if (value !== undefined && value !== null && typeof value !== 'string') {
        throw undecodable(
          `json: cannot unmarshal ${jsonKind(value)} into Go struct field jsonPatchOp.${key} of type string`,
        );
      }
    }
    return operation as JsonPatchOperation;
  });
  if (operations.length > MAX_OPERATIONS) {
    throw requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${operations.length}`,
    );
  }
  problems.push(...duplicates.map((path) => `json patch duplicate field ${JSON.stringify(path)}`));
  return { operations, problems };
}

/** The patched copy of `document`. Throws 422 when an operation does not apply or a test fails. */
export function applyJsonPatch(document: Json, patch: readonly JsonPatchOperation[]): Json {
  const root = { value: deepCopy(document) };
  const budget = { left: MAX_COPIED };
  for (const operation of patch) apply(root, operation, budget);
  return root.value;
}

interface Root {
  value: Json;
}

function apply(root: Root, operation: JsonPatchOperation, budget: { left: number }): void {
  const { op, path, from } = operation;
  switch (op) {
    case 'add':
      within(op, path, () => addAt(target(root, path, MISSING.add), deepCopy(operation.value ?? null)));
      break;
    case 'remove':
      within(op, path, () => removeAt(target(root, path, MISSING.remove)));
      break;
    case 'replace':
      replace(root, path, deepCopy(operation.value ?? null));
      break;
    case 'move': {
      const source = target(root, from, MISSING.moveFrom);
      const moved = within(op, source.key, () => getAt(source));
      within(op, source.key, () => removeAt(source));
      within(op, path, () => addAt(target(root, path, MISSING.moveTo), moved));
      break;
    }
    case 'copy': {
      const source = target(root, from, MISSING.copyFrom);
      const copied = deepCopy(within(op, from, () => getAt(source)));
      budget.left -= JSON.stringify(copied).length;
      if (budget.left < 0) throw rejected(`Unable to complete the copy: all copies exceed ${MAX_COPIED} bytes`);
      within(op, path, () => addAt(target(root, path, MISSING.copyTo), copied));
      break;
    }
    case 'test':
      test(root, operation);
      break;
    default:
      throw rejected(`Unexpected kind: ${op ?? 'unknown'}`);
  }
}

/** How each operation says that a container on its path is not there. */
const MISSING = {
  add: (path: string) => `add operation does not apply: doc is missing path: "${path}"`,
  remove: (path: string) => `remove operation does not apply: doc is missing path: "${path}"`,
  replace: (path: string) => `replace operation does not apply: doc is missing path: ${path}`,
  moveFrom: (path: string) => `move operation does not apply: doc is missing from path: ${path}`,
  moveTo: (path: string) => `move operation does not apply: doc is missing destination path: ${path}`,
  copyFrom: (path: string) => `copy operation does not apply: doc is missing from path: ${path}`,
  copyTo: (path: string) => `copy operation does not apply: doc is missing destination path: ${path}`,
  test: (path: string) => `test operation does not apply: is missing path: ${path}`,
};

/** What goes wrong at the end of a path is told with it. */
class LeafError extends Error {}

function within<T>(op: string, path: string | undefined, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof LeafError)) throw error;
    throw rejected(`error in ${op} for path: '${path}': ${error.message}`);
  }
}

function replace(root: Root, path: string | undefined, value: Json): void {
  if (path === '') {
    if (typeof value !== 'object' || value === null) throw rejected('replace operation value must be object or array');
    root.value = value;
    return;
  }
  const { parent, key } = target(root, path, MISSING.replace);
  if (Array.isArray(parent)) parent[within('replace', path, () => indexIn(key, parent.length))] = value;
  else setField(parent, key, value);
}

function test(root: Root, { path, value }: JsonPatchOperation): void {
  if (path === '') {
    if (canonicalEqual(root.value, value)) return;
  } else {
    const place = target(root, path, MISSING.test);
    const found = within('test', path, () => getAt(place));
    if (found === null ? value === undefined || value === null : canonicalEqual(found, value)) return;
  }
  throw rejected(`testing value ${path} failed: test failed`);
}

interface Target {
  parent: Json[] | JsonObject;
  key: string;
}

/** The container a path ends in; what stands before the first slash is ignored, as upstream does. */
function target(root: Root, path: string | undefined, say: (path: string) => string): Target {
  const parts = (path ?? '').split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const missing = () => rejected(`${say(path ?? '')}: missing value`);
  if (parts.length < 2) throw missing();
  let parent: Json | undefined = root.value;
  for (const part of parts.slice(1, -1)) {
    parent = memberOf(parent, part);
    if (typeof parent !== 'object' || parent === null) throw missing();
  }
  return { parent: parent as Json[] | JsonObject, key: parts.at(-1) as string };
}

/** On the way nothing is told but that it is missing. */
function memberOf(parent: Json | undefined, part: string): Json | undefined {
  if (!Array.isArray(parent)) {
    return isObject(parent) && Object.hasOwn(parent, part) ? (parent[part] as Json) : undefined;
  }
  return /^[+-]?[0-9]+$/.test(part) ? parent.at(Number(part)) : undefined;
}

/** A missing member is null. */
function getAt({ parent, key }: Target): Json {
  if (Array.isArray(parent)) return parent[indexIn(key, parent.length)] as Json;
  return Object.hasOwn(parent, key) ? (parent[key] as Json) : null;
}

function addAt({ parent, key }: Target, value: Json): void {
  if (!Array.isArray(parent)) setField(parent, key, value);
  else if (key === '-') parent.push(value);
  else parent.splice(indexIn(key, parent.length + 1), 0, value);
}

function removeAt({ parent, key }: Target): void {
  if (Array.isArray(parent)) parent.splice(indexIn(key, parent.length), 1);
  else if (Object.hasOwn(parent, key)) delete parent[key];
  else throw new LeafError(`Unable to remove nonexistent key: ${key}: missing value`);
}

/** An index below `length`; -1 is the last one. */
function indexIn(key: string, length: number): number {
  if (!/^[+-]?[0-9]+$/.test(key)) throw new LeafError(`value was not a proper array index: '${key}'`);
  const index = Number(key);
  if (index >= length || index < -length)
    throw new LeafError(`Unable to access invalid index: ${index}: invalid index referenced`);
  return index < 0 ? index + length : index;
}

const undecodable = (why: string) => badRequest(`error decoding patch: ${why}`);

const jsonKind = (value: Json): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
