// History as kubectl's tables: a row a change.
import type { Column } from '../../api/definition.ts';
import type { FieldChange } from '../../apimachinery/changes.ts';
import type { AnyObject, Json } from '../../apimachinery/meta.ts';
import type { TableRows } from '../table.ts';
import type { Change } from './change-list.ts';
import type { Revision } from './revision.ts';

const column = (name: string, description: string, priority = 0): Column => ({
  name,
  type: 'string',
  format: '',
  description,
  priority,
});

const WHAT = [
  column('Time', 'When it was changed'),
  column('Operation', 'Whether the object was created, updated or deleted'),
];
const WHO = [
  column('User', 'Who changed it'),
  column('Manager', 'The field manager that changed it'),
  column('Changes', 'Which fields were changed'),
  column('Revision', 'The resourceVersion it got'),
  column('Verb', 'The request that changed it', 1),
  column('User Agent', 'The program that changed it', 1),
];
const OBJECT = [column('Namespace', 'Where the object is'), column('Object', 'Which object was changed')];

export const historyRows = (items: readonly Revision[], named: { name: string; namespace: string }): TableRows => ({
  columns: [...WHAT, ...WHO],
  cells: (row) => [...whatCells(row), ...whoCells(row)],
  objects: items.map((item) => rowOf(item, named)),
});

export const changeRows = (items: readonly Change[]): TableRows => ({
  columns: [...WHAT, ...OBJECT, ...WHO],
  cells: (row) => {
    const { object } = row as unknown as Change;
    return [...whatCells(row), object.namespace ?? '', `${object.kind}/${object.name}`, ...whoCells(row)];
  },
  objects: items.map((item) => rowOf(item, item.object)),
});

function rowOf(item: Revision, { name, namespace }: { name: string; namespace?: string }): AnyObject {
  const { uid, resourceVersion } = item;
  return { metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion }, ...item };
}

function whatCells(row: AnyObject): string[] {
  const { time, operation } = row as unknown as Revision;
  return [time, operation];
}

function whoCells(row: AnyObject): string[] {
  const {
    user,
    fieldManager = '',
    changes,
    resourceVersion,
    verb,
    subresource,
    userAgent = '',
  } = row as unknown as Revision;
  const how = subresource ? `${verb} ${subresource}` : verb;
  return [user, fieldManager, summary(changes), resourceVersion, how, userAgent];
}

const SHOWN = 3;
const MAX_VALUE = 40;

/** The first few changes in short: .spec.replicas=3, -.metadata.labels.app, +2 more. That they were counted is left out. */
export function summary(changes: readonly FieldChange[]): string {
  const told = changes.filter(({ path }) => path !== '.metadata.generation');
  const shown = told.slice(0, SHOWN).map((change) => {
    if (change.op === 'remove') return `-${change.path}`;
    const value = short(change.to);
    return value === undefined ? change.path : `${change.path}=${value}`;
  });
  if (told.length > SHOWN) shown.push(`+${told.length - SHOWN} more`);
  return shown.join(', ');
}

function short(value: Json): string | undefined {
  if (typeof value === 'object' && value !== null) return undefined;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= MAX_VALUE && !text.includes('\n') ? text : undefined;
}
