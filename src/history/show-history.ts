// `tsukube history`: the revisions of one object, newest first, as lines.
import { ageOf } from '../api/columns/age.ts';
import { isByIntent, isOfStatusOnly } from './actors.ts';
import { LAST_APPLIED, maskedRevisions } from './mask.ts';
import type { Remembered } from './past.ts';
import { changeLine, columns, type Paint, type Style, summary } from './text.ts';
import type { Revision } from './types.ts';
import { isKeptByServer } from './undo/take-back.ts';

export interface ShowOptions {
  /** Wall-clock milliseconds, for ages. */
  now: number;
  paint: Paint;
  /** Updates of nothing but status, too. */
  all?: boolean;
}

const STYLES: Readonly<Record<Revision['operation'], Style>> = { create: 'green', update: 'yellow', delete: 'red' };

const SERVICE_ACCOUNT = 'system:serviceaccount:';

/** Service accounts by namespace and name alone. */
export const userOf = ({ user }: Revision): string =>
  (user.startsWith(SERVICE_ACCOUNT) ? user.slice(SERVICE_ACCOUNT.length) : user) || '<unknown>';

/** By what means: the field manager, or else the program; '' when the user is named like it, as controllers are. */
export function meansOf({ user, fieldManager, userAgent }: Revision): string {
  const means = fieldManager || userAgent?.split(/[ /]/)[0] || '';
  return user.endsWith(`:${means}`) ? '' : means;
}

/** "alice (kubectl-edit)" */
export function whoOf(revision: Revision): string {
  const means = meansOf(revision);
  return means ? `${userOf(revision)} (${means})` : userOf(revision);
}

/** What nobody meant is dim, so that the rest stands out. */
export const styleOf = (revision: Revision): Style =>
  revision.operation === 'update' && !isByIntent(revision) ? 'dim' : STYLES[revision.operation];

export const howOf = ({ verb, subresource }: Revision): string => (subresource ? `${verb} ${subresource}` : verb);

const isMinor = (path: string): boolean => isKeptByServer(path) || path.includes(LAST_APPLIED);

/** What a revision did, in one line. */
export const whatOf = ({ operation, changes }: Revision): string => {
  if (operation === 'create') return 'created';
  if (operation === 'delete') return 'deleted';
  // generation follows from the others; status, and what kubectl keeps for itself, are what fewer people look for.
  const [told = [], status = []] = [false, true].map((minor) => changes.filter(({ path }) => isMinor(path) === minor));
  const rest = status.filter(({ path }) => path !== '.metadata.generation');
  return summary([...told, ...rest]) || 'managedFields alone';
};

export function historyLines(
  found: Remembered<Revision>,
  { now, paint, all = false, changes = false, masked = false }: ShowOptions & { changes?: boolean; masked?: boolean },
): string[] {
  const shown = all ? found.items : found.items.filter((revision) => !isOfStatusOnly(revision));
  const items = masked ? maskedRevisions(shown) : shown;
  const header = ['REVISION', 'TIME', 'AGE', 'USER', 'BY', 'REQUEST', 'CHANGES'];
  const rows = items.map((revision) => {
    const { resourceVersion, time, operation } = revision;
    const style = styleOf(revision);
    return [
      { text: resourceVersion, style: 'cyan' as const },
      time,
      ageOf(time, { now }),
      { text: userOf(revision), style: 'bold' as const },
      meansOf(revision),
      howOf(revision),
      changes && operation === 'update' ? '' : { text: whatOf(revision), style },
    ];
  });
  const [head = '', ...lines] = columns([header, ...rows], paint);
  const detailed = lines.flatMap((line, i) => {
    const fields = changes ? (items[i] as Revision).changes : [];
    return [line, ...fields.map((field) => `    ${changeLine(field, paint)}`)];
  });
  const left = leftOut(found.items.length - items.length, paint);
  return [paint('bold', head), ...detailed, ...left, ...ending(found, paint)];
}

/** Status changes often, and seldom is what is looked for. */
export function leftOut(count: number, paint: Paint): string[] {
  if (count === 0) return [];
  const what = count === 1 ? '1 update of status is' : `${count} updates of status are`;
  return [paint('dim', `${what} left out: --all shows them`)];
}

/** Says where what is shown ends when that is not where the object began. */
function ending({ items, retainedSince, more }: Remembered<Revision>, paint: Paint): string[] {
  if (more) return [paint('dim', 'older ones are left out: --limit shows more')];
  if (items.at(-1)?.operation === 'create') return [];
  const since = retainedSince.time ? ` (${retainedSince.time})` : '';
  return [
    paint(
      'dim',
      `what was before revision ${retainedSince.resourceVersion}${since} is not kept any more, or not in the span`,
    ),
  ];
}
