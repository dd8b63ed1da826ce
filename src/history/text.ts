// How the commands of history write: aligned columns, colours where they are wanted, and nothing that a terminal obeys.
import { styleText } from 'node:util';
import type { FieldChange } from '../apimachinery/changes.ts';
import type { Json } from '../apimachinery/meta.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
/** Colours a text, or gives it back as it is. */
export type Paint = (style: Style, text: string) => string;

export const plain: Paint = (_style, text) => text;
export const colours: Paint = (style, text) => styleText(style, text, { validateStream: false });

/** Names and values come from anybody: control characters, which move cursors and worse, are shown as what they are. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });

const inLine = (text: string): string => printable(text).replace(/[\n\t]/g, ' ');

export interface Cell {
  text: string;
  style?: Style;
}

/** Rows with their columns under each other, three spaces apart, as kubectl prints tables. The last is as long as it is. */
export function columns(rows: readonly (readonly (string | Cell)[])[], paint: Paint = plain): string[] {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)));
  const clean = cells.map((row) => row.map(({ text, ...cell }) => ({ ...cell, text: inLine(text) })));
  const widths: number[] = [];
  for (const row of clean) {
    for (const [i, { text }] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, text.length);
  }
  return clean.map((row) =>
    row
      .map(({ text, style }: Cell, i) => {
        const padded = i === row.length - 1 ? text : text.padEnd((widths[i] ?? 0) + 3);
        return style ? paint(style, padded) : padded;
      })
      .join('')
      .trimEnd(),
  );
}

const MAX_VALUE = 60;

/** A text that would read as something else is quoted: "1" is not 1. */
const WORD = /^(?!(?:true|false|null|-?\d+(?:\.\d+)?)$)[\w.:/@+-]+$/;

/** A value in one line, cut when it is long. */
export function short(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' && WORD.test(value) ? value : JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE - 1)}…` : text;
}

/** `.spec.replicas: 2 → 3`, `+.metadata.labels.a: b`, `-.spec.x` */
export function changeLine(change: FieldChange, paint: Paint = plain): string {
  const path = inLine(change.path);
  if (change.op === 'add') return paint('green', `+${path}: ${short(change.to)}`);
  if (change.op === 'remove') return paint('red', `-${path}: ${short(change.from)}`);
  return `${path}: ${paint('red', short(change.from))} → ${paint('green', short(change.to))}`;
}

const SHOWN = 3;

export function summary(changes: readonly FieldChange[]): string {
  const shown = changes.slice(0, SHOWN).map((change) => changeLine(change));
  return [...shown, ...(changes.length > SHOWN ? [`and ${changes.length - SHOWN} more`] : [])].join(', ');
}
