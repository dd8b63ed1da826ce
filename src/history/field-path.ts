// The paths of changes, read back: `.spec.containers[name=web].ports[containerPort=80,protocol=TCP]`,
// `.metadata.labels["app.kubernetes.io/name"]`, `.finalizers[="x"]`, `.args[0]` (src/apimachinery/changes.ts writes them).
import type { Json, JsonObject } from '../apimachinery/meta.ts';
import { canonicalEqual, isObject } from '../apimachinery/value.ts';

export type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  /** An item of a list that merges, by its keys. */
  | { readonly kind: 'keys'; readonly keys: JsonObject }
  /** An item of a set, by its value. */
  | { readonly kind: 'value'; readonly value: Json };

/** Throws SyntaxError on what is no path. */
export const parsePath = (path: string): Step[] => stepsOf(path).map(({ step }) => step);

/** What `path` leads to, or the first list on the way of which it names an item by its place. */
export function steadyPart(path: string): string {
  const first = stepsOf(path).find(({ step }) => step.kind === 'index');
  return first ? path.slice(0, first.start) : path;
}

function stepsOf(path: string): { step: Step; start: number }[] {
  const steps: { step: Step; start: number }[] = [];
  let at = 0;
  while (at < path.length) {
    const member = /^\.([A-Za-z_][A-Za-z0-9_]*)/.exec(path.slice(at));
    if (member) {
      steps.push({ step: { kind: 'member', name: member[1] as string }, start: at });
      at += member[0].length;
      continue;
    }
    const end = path[at] === '[' ? closing(path, at) : -1;
    if (end < 0) throw new SyntaxError(`${JSON.stringify(path)} is no field path, at character ${at}`);
    steps.push({ step: parseBracket(path.slice(at + 1, end), path), start: at });
    at = end + 1;
  }
  return steps;
}

/** Where the bracket opened at `open` closes; brackets in quotes do not count. -1 when it does not. */
function closing(path: string, open: number): number {
  let depth = 0;
  let quoted = false;
  for (let i = open; i < path.length; i++) {
    const char = path[i];
    if (quoted) {
      if (char === '\\') i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '[' || char === '{') depth++;
    else if ((char === ']' || char === '}') && --depth === 0) return i;
  }
  return -1;
}

function parseBracket(text: string, path: string): Step {
  if (/^\d+$/.test(text)) return { kind: 'index', index: Number(text) };
  if (text.startsWith('"')) return { kind: 'member', name: json(text, path) as string };
  if (text.startsWith('=')) return { kind: 'value', value: json(text.slice(1), path) };
  const keys: JsonObject = {};
  // A value is a word, or JSON when a word would read as something else.
  const part = /([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)/gy;
  let end = 0;
  for (const [all, key, value] of text.matchAll(part)) {
    keys[key as string] = keyValue(value as string, path);
    end += all.length;
  }
  if (end !== text.length || text === '') throw new SyntaxError(`${JSON.stringify(path)} is no field path: [${text}]`);
  return { kind: 'keys', keys };
}

function keyValue(text: string, path: string): Json {
  if (text.startsWith('"')) return json(text, path);
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text; // A word, which needs no quotes.
  }
}

function json(text: string, path: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new SyntaxError(`${JSON.stringify(path)} is no field path: ${text} is not JSON`, { cause });
  }
}

/** The place of `step` in `parent`: a member's name, an item's place; undefined when there is nothing there. */
export function locate(parent: Json | undefined, step: Step): string | number | undefined {
  if (step.kind === 'member') return isObject(parent) && Object.hasOwn(parent, step.name) ? step.name : undefined;
  if (!Array.isArray(parent)) return undefined;
  const index = placeOf(parent, step);
  return index >= 0 && index < parent.length ? index : undefined;
}

function placeOf(items: readonly Json[], step: Exclude<Step, { kind: 'member' }>): number {
  if (step.kind === 'index') return step.index;
  if (step.kind === 'value') return items.findIndex((item) => canonicalEqual(item, step.value));
  const exact = items.findIndex((item) => hasKeys(item, step.keys, false));
  // A key that is left out stands for its default, which the path names.
  return exact >= 0 ? exact : items.findIndex((item) => hasKeys(item, step.keys, true));
}

function hasKeys(item: Json, keys: JsonObject, partly: boolean): boolean {
  if (!isObject(item)) return false;
  const entries = Object.entries(keys);
  const known = partly ? entries.filter(([key]) => Object.hasOwn(item, key)) : entries;
  return known.length > 0 && known.every(([key, value]) => canonicalEqual(item[key], value));
}

/** What is at `steps`; undefined when there is nothing. */
export function valueAt(root: Json, steps: readonly Step[]): Json | undefined {
  let value: Json | undefined = root;
  for (const step of steps) {
    const place = locate(value, step);
    if (place === undefined) return undefined;
    value = (value as JsonObject)[place as string];
  }
  return value;
}
