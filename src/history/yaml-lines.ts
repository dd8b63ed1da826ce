// An object as YAML whose lines know their fields, for what is said of an object line by line. Pure.
import { isCollection, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument, stringify } from 'yaml';
import type { AnyObject } from '../apimachinery/meta.ts';

/** A member's name or an item's place. */
export type Place = string | number;

export interface YamlLine {
  text: string;
  /** The innermost field that begins on the line, or, inside a text of several lines, the field of that text. */
  place: readonly Place[];
}

export const toYaml = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

/** What people look at: without managedFields and resourceVersion, which differ with every write. */
export function shown(object: AnyObject): AnyObject {
  const { managedFields: _managedFields, resourceVersion: _resourceVersion, ...metadata } = object.metadata;
  const { apiVersion, kind, metadata: _metadata, status, ...fields } = object;
  return {
    ...(apiVersion ? { apiVersion } : {}),
    ...(kind ? { kind } : {}),
    metadata,
    ...fields,
    ...(status === undefined ? {} : { status }),
  };
}

/** What is meant to be, without what follows from it. */
export function meant(object: AnyObject): AnyObject {
  const { status: _status, metadata, ...fields } = object;
  const { generation: _generation, ...rest } = metadata;
  const { apiVersion, kind, ...parts } = fields;
  return { ...(apiVersion ? { apiVersion } : {}), ...(kind ? { kind } : {}), metadata: rest, ...parts };
}

export function yamlLines(object: AnyObject): YamlLine[] {
  const text = toYaml(object);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const begins = new Map<number, readonly Place[]>();
  const walk = (node: unknown, place: readonly Place[]): void => {
    if (isMap(node)) {
      for (const pair of node.items) {
        if (!isPair(pair) || !isScalar(pair.key)) continue;
        const inner = [...place, String(pair.key.value)];
        begins.set(lineOf(pair.key, lines), inner);
        walk(pair.value, inner);
      }
    } else if (isSeq(node)) {
      node.items.forEach((item, i) => {
        const inner = [...place, i];
        begins.set(lineOf(item as Node, lines), inner);
        if (isCollection(item)) walk(item, inner);
      });
    }
  };
  walk(document.contents, []);
  let place: readonly Place[] = [];
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line, i) => {
      place = begins.get(i + 1) ?? place;
      return { text: line, place };
    });
}

const lineOf = (node: Node, lines: LineCounter): number => lines.linePos(node.range?.[0] ?? 0).line;
