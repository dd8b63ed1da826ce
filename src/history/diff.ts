// `tsukube diff`: two states of one object as a unified diff of their YAML.
import { createTwoFilesPatch } from 'diff';
import { changesBetween, type FieldChange } from '../apimachinery/changes.ts';
import type { AnyObject } from '../apimachinery/meta.ts';
import { isByIntent } from './actors.ts';
import { maskedPair } from './mask.ts';
import { formatMoment, type Moment } from './moment.ts';
import { atRevision, type ObjectName, type Past } from './past.ts';
import { formatName } from './session.ts';
import { type Paint, printable } from './text.ts';
import type { Revision } from './types.ts';
import { meant, shown, toYaml } from './yaml-lines.ts';

export interface State {
  /** Undefined: it was not there. */
  object: AnyObject | undefined;
  /** "revision 12, by alice at …" */
  label: string;
}

export interface Difference {
  name: string;
  from: State;
  to: State;
}

/** No state to compare; the message says why. */
export class NoDifference extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoDifference';
  }
}

/** Without ends: the last change that somebody meant. With `to` alone: that of then; with `from` alone: from then to now. */
export async function difference(
  past: Past,
  name: ObjectName,
  { from, to }: { from?: Moment | undefined; to?: Moment | undefined },
): Promise<Difference> {
  if (!from) return await lastChange(past, name, to);
  const [older, newer] = await Promise.all([past.objectAt(name, from), past.objectAt(name, to)]);
  // Nothing at both ends may be a misspelt name.
  if (!older && !newer) await past.history(name, { limit: 1 });
  return {
    name: formatName(name),
    from: { object: older, label: formatMoment(from) },
    to: { object: newer, label: to ? formatMoment(to) : 'now' },
  };
}

/** Revisions among which the last that somebody meant is looked for. */
const LOOKED_AT = 5_000;

async function lastChange(past: Past, name: ObjectName, to: Moment | undefined): Promise<Difference> {
  const { items } = await past.history(name, { to, limit: LOOKED_AT });
  const revision = items.find((one) => isByIntent(one) || one.operation === 'delete') ?? items[0];
  if (!revision)
    throw new NoDifference(
      `${formatName(name)} has not changed ${to ? `until ${formatMoment(to)}` : ''} as far as is kept: name two moments with --from and --to`,
    );
  const number = Number(revision.resourceVersion);
  const [older, newer] = await Promise.all([
    revision.operation === 'create' ? undefined : past.objectAt(name, atRevision(number - 1)),
    revision.operation === 'delete' ? undefined : past.objectAt(name, atRevision(number)),
  ]);
  return {
    name: formatName(name),
    from: { object: older, label: `before revision ${number}` },
    to: { object: newer, label: labelOf(revision) },
  };
}

const labelOf = ({ resourceVersion, user, time }: Revision): string =>
  `revision ${resourceVersion}, by ${user} at ${time}`;

export interface Compared {
  lines: string[];
  changes: FieldChange[];
  differs: boolean;
}

/** Status and generation are left out unless asked for: they follow. */
export function compare(
  { name, from, to }: Difference,
  { paint, status }: { paint: Paint; status: boolean },
): Compared {
  const view = (object: AnyObject | undefined) => object && (status ? shown(object) : meant(shown(object)));
  const [older, newer] = maskedPair(from.object, to.object).map(view);
  const patch = createTwoFilesPatch(
    name,
    name,
    older ? toYaml(older) : '',
    newer ? toYaml(newer) : '',
    from.label,
    to.label,
    { context: 3, headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true } },
  );
  const differs = patch.includes('\n@@');
  return {
    lines: differs
      ? patch
          .trimEnd()
          .split('\n')
          .map((line) => painted(printable(line), paint))
      : [],
    changes: changed(view(from.object), view(to.object)),
    differs,
  };
}

const changed = (from: AnyObject | undefined, to: AnyObject | undefined): FieldChange[] =>
  from && to ? changesBetween(from, to, { kind: 'deduced' }) : [];

function painted(line: string, paint: Paint): string {
  if (line.startsWith('+++') || line.startsWith('---')) return paint('bold', line);
  if (line.startsWith('@@')) return paint('cyan', line);
  if (line.startsWith('+')) return paint('green', line);
  return line.startsWith('-') ? paint('red', line) : line;
}
