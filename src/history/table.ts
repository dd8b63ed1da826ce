// The server's own table of what was there (meta.k8s.io/v1 Table), as kubectl prints it.
import type { KubeObject, ListMeta } from '../apimachinery/meta.ts';
import { resourcePath } from '../client/create-client.ts';
import type { Transport } from '../client/transport.ts';
import type { Moment } from './moment.ts';
import { type ListSelection, momentQuery, type ObjectName, objectPath } from './past.ts';
import { columns, type Paint } from './text.ts';

interface Table {
  metadata: ListMeta;
  columnDefinitions: { name: string; priority: number }[] | null;
  rows: { cells: unknown[]; object?: KubeObject }[] | null;
}

export interface Rows {
  columns: { name: string; priority: number }[];
  rows: { cells: string[]; namespace: string }[];
}

const ACCEPT = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const PAGE = 500;

/** One object, or the list in a namespace or, without one, in all. */
export async function tableOf(
  transport: Transport,
  what: ObjectName | (Omit<ObjectName, 'name'> & { name: undefined }),
  { at, ...selection }: { at?: Moment | undefined } & ListSelection,
): Promise<Rows> {
  const all: Rows = { columns: [], rows: [] };
  const path = what.name === undefined ? resourcePath(what.type, what.namespace) : objectPath(what);
  let token: string | undefined;
  do {
    const query = new URLSearchParams(token ? { continue: token } : momentQuery(at));
    if (what.name === undefined) query.set('limit', String(PAGE));
    for (const [name, value] of Object.entries(selection)) if (value) query.set(name, value);
    const answer = await transport.request({ method: 'GET', path, query, accept: ACCEPT });
    const { metadata, columnDefinitions, rows } = answer as unknown as Table;
    if (columnDefinitions) all.columns = columnDefinitions;
    for (const { cells, object } of rows ?? []) {
      all.rows.push({ cells: cells.map(cellText), namespace: object?.metadata?.namespace ?? '' });
    }
    token = metadata.continue;
  } while (token);
  return all;
}

const cellText = (cell: unknown): string => {
  if (cell === null || cell === undefined) return '<none>';
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell);
};

export function tableLines(
  table: Rows,
  { wide, namespaces, paint }: { wide: boolean; namespaces: boolean; paint: Paint },
): string[] {
  const shown = table.columns.flatMap(({ name, priority }, i) => (priority === 0 || wide ? [{ name, i }] : []));
  const header = [...(namespaces ? ['NAMESPACE'] : []), ...shown.map(({ name }) => name.toUpperCase())];
  const rows = table.rows.map(({ cells, namespace }) => [
    ...(namespaces ? [namespace] : []),
    ...shown.map(({ i }) => cells[i] ?? ''),
  ]);
  const [head = '', ...lines] = columns([header, ...rows]);
  return [paint('bold', head), ...lines];
}
