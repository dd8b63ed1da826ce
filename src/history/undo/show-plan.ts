// A plan, and what became of it, as lines and as data.
import type { FieldChange } from '../../apimachinery/changes.ts';
import type { Json } from '../../apimachinery/meta.ts';
import { isSecret, maskedChange } from '../mask.ts';
import { formatName } from '../session.ts';
import { changeLine, type Paint, printable, short } from '../text.ts';
import type { Done } from './apply.ts';
import type { Proposal } from './gather.ts';
import { type Conflict, told } from './outcome.ts';
import type { Step, Subject } from './plan.ts';

const onScreen = ({ type }: Subject, change: FieldChange): FieldChange =>
  isSecret(type) ? maskedChange(change) : change;

const STYLES = { create: 'green', update: 'yellow', delete: 'red' } as const;
/** Names told one by one of what is left out for the same reason. */
const SHOWN = 5;

const placed = (subject: Subject): string =>
  printable(`${formatName(subject)}${subject.namespace ? ` in ${subject.namespace}` : ''}`);

export function planLines(proposal: Proposal, paint: Paint): string[] {
  const { undoes, steps, leftOut, conflicts, notes } = proposal;
  const section = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? ['', paint('bold', title), ...lines] : [];
  return [
    ...undoes.map((line) => paint('bold', `Undo: ${printable(line)}`)),
    ...section(
      'To do:',
      steps.flatMap((step) => stepLines(step, { paint, said: undoes[0] ?? '' })),
    ),
    ...section(
      'Changed since, and left as it is (--force sets it back):',
      conflicts.map(({ subject, conflict }) => conflictLine(subject, conflict)),
    ),
    ...section('Left out:', leftOutLines(leftOut)),
    ...section(
      'Note:',
      notes.map((note) => `  ${note}`),
    ),
  ];
}

function conflictLine(subject: Subject, { path, now = null, before = null, by }: Conflict): string {
  const { from, to } = onScreen(subject, { op: 'replace', path, from: before, to: now }) as { from: Json; to: Json };
  const since = by ? ` since ${told(by)}` : '';
  return printable(
    `  ${placed(subject)} ${path} is ${short(to ?? undefined)}${since}, was ${short(from ?? undefined)} before`,
  );
}

/** `said` has the reason already, when there is only one. */
function stepLines(step: Step, { paint, said }: { paint: Paint; said: string }): string[] {
  const { action, subject, reason, notes } = step;
  const why = said.endsWith(reason) ? '' : `   ${paint('dim', printable(reason))}`;
  return [
    `  ${paint(STYLES[action], action)} ${placed(subject)}${why}`,
    ...('changes' in step ? step.changes.map((change) => `      ${changeLine(onScreen(subject, change), paint)}`) : []),
    ...notes.map((note) => `      ${paint('yellow', printable(note))}`),
  ];
}

function leftOutLines(leftOut: Proposal['leftOut']): string[] {
  const byReason = Map.groupBy(leftOut, ({ reason, subject }) => `${subject.type.plural}\0${reason}`);
  return [...byReason.values()].map((same) => {
    const names = same.slice(0, SHOWN).map(({ subject }) => placed(subject));
    const more = same.length > SHOWN ? ` and ${same.length - SHOWN} more` : '';
    return `  ${names.join(', ')}${more}: ${printable(same[0]?.reason ?? '')}`;
  });
}

/** "3 to create, 1 to delete" */
export function countOf(steps: readonly Step[]): string {
  const counts = Object.entries(Object.groupBy(steps, ({ action }) => action));
  return counts.map(([action, some]) => `${some?.length ?? 0} to ${action}`).join(', ');
}

export function doneLine({ step, result, message }: Done, paint: Paint): string {
  const text = `${placed(step.subject)} ${result}${message ? `: ${printable(message)}` : ''}`;
  return result === 'failed' ? paint('red', text) : text;
}

export function planData({ undoes, steps, leftOut, conflicts, notes }: Proposal): object {
  return {
    undoes,
    steps: steps.map((step) => ({
      ...stepName(step),
      reason: step.reason,
      notes: step.notes,
      ...('changes' in step ? { changes: step.changes } : {}),
      ...('readAt' in step ? { readAt: String(step.readAt) } : {}),
      ...('object' in step ? { object: step.object } : {}),
    })),
    leftOut: leftOut.map(({ subject, reason }) => ({ object: objectName(subject), reason })),
    conflicts: conflicts.map(({ subject, conflict }) => ({ object: objectName(subject), ...conflict })),
    notes,
  };
}

export const doneData = ({ step, result, message }: Done): object => ({
  ...stepName(step),
  result,
  ...(message ? { message } : {}),
});

const stepName = ({ action, subject }: Step) => ({ action, object: objectName(subject) });

const objectName = ({ type, namespace, name }: Subject) => ({
  apiVersion: type.group ? `${type.group}/${type.version}` : type.version,
  kind: type.kind,
  ...(namespace ? { namespace } : {}),
  name,
});

/** Of a plan without steps, with why. */
export function nothingToDo({ leftOut }: Proposal): string {
  const reasons = leftOut.map(({ subject, reason }) => `${placed(subject)}: ${printable(reason)}`);
  const more = reasons.length > SHOWN ? `; and ${reasons.length - SHOWN} more` : '';
  return `there is nothing to do: ${reasons.slice(0, SHOWN).join('; ')}${more}`;
}
