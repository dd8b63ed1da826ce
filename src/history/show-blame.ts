// `tsukube blame`: an object as YAML, each line with the revision that made it so.
import { ageOf } from '../api/columns/age.ts';
import { type BlamedLine, blame } from './blame.ts';
import { maskedPair } from './mask.ts';
import type { ObjectName, Past } from './past.ts';
import { formatName } from './session.ts';
import { type ShowOptions, whoOf } from './show-history.ts';
import { printable } from './text.ts';
import { shown } from './yaml-lines.ts';

const MAX_WHO = 48;

export function blameLines(lines: readonly BlamedLine[], { now, paint }: ShowOptions): string[] {
  const prefixes = lines.map(({ revision }): [string, string, string] => {
    if (!revision) return ['', '', 'before the history'];
    const who = printable(whoOf(revision));
    const cut = who.length > MAX_WHO ? `${who.slice(0, MAX_WHO - 1)}…` : who;
    return [revision.resourceVersion, ageOf(revision.time, { now }), cut];
  });
  const widths = [0, 1, 2].map((i) => Math.max(0, ...prefixes.map((prefix) => (prefix[i] as string).length)));
  return lines.map(({ text }, i) => {
    const prefix = prefixes[i] as [string, string, string];
    const [number = '', age = '', who = ''] = prefix.map((part, at) => part.padEnd(widths[at] ?? 0));
    return `${paint('cyan', number)} ${paint('dim', age)} ${paint('bold', who)} ${paint('dim', '│')} ${printable(text)}`;
  });
}

export const blameData = (lines: readonly BlamedLine[]): object[] =>
  lines.map(({ text, place, revision }) => {
    const { changes: _changes, ...by } = revision ?? { changes: [] };
    return { line: text, field: place, revision: revision ? by : null };
  });

/** Throws ObjectGone for what is not there now. */
export async function blamedLines(
  past: Past,
  name: ObjectName,
  options: { masked?: boolean } = {},
): Promise<BlamedLine[]> {
  const object = await past.objectAt(name);
  if (!object) throw new ObjectGone(name);
  const { items } = await past.history(name);
  return blame(
    shown((options.masked ? maskedPair(object, undefined)[0] : undefined) ?? object),
    items.filter(({ uid }) => uid === object.metadata.uid),
  );
}

export class ObjectGone extends Error {
  constructor(name: ObjectName) {
    super(
      `there is no ${formatName(name)}${name.namespace ? ` in ${name.namespace}` : ''} now: "tsukube history" tells what became of it`,
    );
    this.name = 'ObjectGone';
  }
}
