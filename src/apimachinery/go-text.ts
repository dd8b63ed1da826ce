// JSON values as Go prints them, for messages that show a value in Go's way.
import type { Json, JsonObject } from './meta.ts';
import { isObject } from './value.ts';

const entries = (object: JsonObject): [string, Json][] =>
  Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)) as [string, Json][];

/** Doubles have an exponent from 1e21 on, of two digits at least. */
const numberText = (value: number | bigint): string =>
  String(value).replace(/e([+-])(\d)$/, (_, sign: string, digit: string) => `e${sign}0${digit}`);

/** As fmt's %v: map[a:1 b:[x y]] */
export function plainText(value: Json | undefined): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(plainText).join(' ')}]`;
  if (isObject(value)) {
    const texts = entries(value as JsonObject).map(([key, item]) => `${key}:${plainText(item)}`);
    return `map[${texts.join(' ')}]`;
  }
  return typeof value === 'number' || typeof value === 'bigint' ? numberText(value) : String(value);
}

/** As fmt's %#v: map[string]interface {}{"a":1} */
export function syntaxText(value: Json): string {
  if (value === null) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(syntaxText).join(', ')}}`;
  if (isObject(value)) {
    const texts = entries(value as JsonObject).map(([key, item]) => `${JSON.stringify(key)}:${syntaxText(item)}`);
    return `map[string]interface {}{${texts.join(', ')}}`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : plainText(value);
}

/** A version and a kind: /v1, Kind=Pod */
export function kindText({ apiVersion, kind }: { apiVersion?: Json | undefined; kind?: Json | undefined }): string {
  const version = typeof apiVersion === 'string' ? apiVersion : '';
  return `${version.includes('/') ? version : `/${version}`}, Kind=${typeof kind === 'string' ? kind : ''}`;
}
