// Whether an applied configuration fits its type: server-side apply refuses unknown fields, wrong types and repeated
// items whatever fieldValidation says (typed/validate.go of structured-merge-diff, with its words).
import { plainText, syntaxText } from '../../go-text.ts';
import type { Json, JsonObject } from '../../meta.ts';
import { isObject } from '../../value.ts';
import { fieldElement, formatElement } from './field-set.ts';
import { ItemError, itemElement, type ListShape, type MapShape, type ScalarKind, type Shape } from './shape.ts';

/** What is wrong with `value`, in the order found; none when it fits. */
export function typeErrors(value: Json, shape: Shape, path: Where = () => ''): string[] {
  switch (shape.kind) {
    case 'scalar':
      return scalarErrors(value, shape.scalar).map((why) => at(path, why));
    case 'map':
      if (value === null) return [];
      if (!isObject(value)) return [at(path, `expected map, got ${show(value)}`)];
      return mapErrors(value as JsonObject, shape, path);
    case 'list':
      if (value === null) return [];
      if (!Array.isArray(value)) return [at(path, `expected list, got ${show(value)}`)];
      return listErrors(value, shape, path);
    default:
      return [];
  }
}

/** Spelled out only when there is something to tell. */
type Where = () => string;

const at = (path: Where, why: string): string => (path() === '' ? why : `${path()}: ${why}`);

/** As structured-merge-diff prints what is no map or list, and what is no scalar. */
const show = (value: Json): string => `&{${plainText(value)}}`;
const showScalar = (value: Json): string => `&value.valueUnstructured{Value:${syntaxText(value)}}`;

function scalarErrors(value: Json, scalar: ScalarKind): string[] {
  if (value === null) return [];
  switch (scalar) {
    case 'numeric':
      return typeof value === 'number' || typeof value === 'bigint'
        ? []
        : [`expected numeric (int or float), got ${goKind(value)}`];
    case 'string':
      return typeof value === 'string' ? [] : [`expected string, got ${showScalar(value)}`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`expected boolean, got ${showScalar(value)}`];
    case 'untyped':
      return typeof value === 'object' ? [`expected any scalar, got ${show(value)}`] : [];
  }
}

function goKind(value: Json): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** What comes behind a field that is not declared is not looked at. */
function mapErrors(value: JsonObject, map: MapShape, path: Where): string[] {
  const problems: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    const inner = () => `${path()}${formatElement(fieldElement(key))}`;
    const shape = map.member(key);
    if (!shape) return [...problems, at(inner, 'field not declared in schema')];
    problems.push(...typeErrors(member, shape, inner));
  }
  return problems;
}

function listErrors(items: readonly Json[], list: ListShape, path: Where): string[] {
  const shape = list.item();
  if (list.atomic) return items.flatMap((item, i) => typeErrors(item, shape, () => `${path()}[${i}]`));
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const [i, item] of items.entries()) {
    try {
      const element = itemElement(list, item);
      if (seen.has(element)) problems.push(at(path, `duplicate entries for key ${formatElement(element)}`));
      seen.add(element);
      problems.push(...typeErrors(item, shape, () => `${path()}${formatElement(element)}`));
    } catch (error) {
      if (!(error instanceof ItemError)) throw error;
      // Without a name nothing deeper can be reported.
      return [...problems, at(path, `element ${i}: ${error.message}`)];
    }
  }
  return problems;
}

/** The items of a value that lack their keys. */
export function keyErrors(value: Json, shape: Shape, path: Where = () => ''): string[] {
  if (shape.kind === 'map' && isObject(value)) {
    return Object.entries(value as JsonObject).flatMap(([key, member]) => {
      const inner = shape.member(key);
      return inner ? keyErrors(member, inner, () => `${path()}${formatElement(fieldElement(key))}`) : [];
    });
  }
  if (shape.kind !== 'list' || shape.atomic || !Array.isArray(value)) return [];
  return value.flatMap((item, i) => {
    try {
      const element = itemElement(shape, item);
      return keyErrors(item, shape.item(), () => `${path()}${formatElement(element)}`);
    } catch (error) {
      if (!(error instanceof ItemError)) throw error;
      return [at(path, `element ${i}: ${error.message}`)];
    }
  });
}

/** Several problems in one text, as upstream joins them. */
export const joinErrors = (problems: readonly string[]): string =>
  problems.length === 1 ? (problems[0] as string) : ['errors:', ...problems.map((p) => `  ${p}`)].join('\n');
