// /debug/api_priority_and_fairness/dump_priority_levels: the levels as a table, for people
// (apiserver/pkg/util/flowcontrol/apf_controller_debug.go).
import type { PathHandler } from '../paths/path-table.ts';
import type { FlowControl, Level } from './flow-control.ts';

/** Column → its value. */
const COLUMNS: Readonly<Record<string, (level: Level) => string | number | boolean>> = {
  PriorityLevelName: ({ name }) => name,
  ActiveQueues: ({ queues }) => queues?.active ?? 0,
  IsIdle: ({ executing, queues }) => executing === 0 && (queues?.size ?? 0) === 0,
  // A level that is gone is told no more.
  IsQuiescing: () => false,
  WaitingRequests: ({ queues }) => queues?.size ?? 0,
  ExecutingRequests: ({ executing }) => executing,
  DispatchedRequests: ({ dispatched }) => dispatched,
  RejectedRequests: ({ rejected }) => rejected['queue-full'] + rejected['concurrency-limit'],
  TimedoutRequests: ({ rejected }) => rejected['time-out'],
  CancelledRequests: ({ rejected }) => rejected.cancelled,
};

/** Narrower columns are made so wide, as Go's tabwriter is told upstream. */
const MIN_WIDTH = 8;

export function dumpPriorityLevels(levels: Iterable<Level>): string {
  const byName = [...levels].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const rows = [Object.keys(COLUMNS), ...byName.map((level) => Object.values(COLUMNS).map((of) => String(of(level))))];
  const last = Object.keys(COLUMNS).length - 1;
  const widths = Object.keys(COLUMNS).map((_, i) => Math.max(MIN_WIDTH, ...rows.map((row) => `${row[i]},`.length + 1)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === last ? cell : `${cell},`.padEnd(widths[i] as number))).join('');
  return rows.map((row) => `${line(row)}\n`).join('');
}

export const fairnessPaths = (flowControl: Pick<FlowControl, 'levels'>): Record<string, PathHandler> => ({
  '/debug/api_priority_and_fairness/dump_priority_levels': () => ({
    type: 'raw',
    status: 200,
    contentType: 'text/plain; charset=utf-8',
    body: dumpPriorityLevels(flowControl.levels()),
  }),
});
