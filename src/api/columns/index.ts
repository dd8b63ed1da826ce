// The tables of the built-in types: who fills the cells, by kind[.group]; the columns themselves are facts.
import type { Cells } from '../behaviour.ts';
import { columnFacts } from '../facts.ts';
import { admissionCells } from './admission.ts';
import { apiServiceTable } from './api-services.ts';
import { autoscalingCells } from './autoscaling.ts';
import { clusterCells } from './cluster.ts';
import { coreCells } from './core.ts';
import { networkCells } from './network.ts';
import { podCells } from './pod.ts';
import { requestCells, requestOrders } from './requests.ts';
import { storageCells } from './storage.ts';
import { PLAIN_TABLE, type TableForm } from './table-form.ts';
import { workloadCells } from './workloads.ts';

const cells: Readonly<Record<string, Cells>> = {
  ...podCells,
  ...coreCells,
  ...workloadCells,
  ...networkCells,
  ...storageCells,
  ...clusterCells,
  ...autoscalingCells,
  ...admissionCells,
  ...requestCells,
};

/** `kind` is kind[.group]: all versions of a type share a table. */
export function tableOf(kind: string): TableForm {
  if (kind === 'APIService.apiregistration.k8s.io') return apiServiceTable;
  const columns = columnFacts()[kind];
  const print = cells[kind];
  if (!columns || !print) return PLAIN_TABLE;
  const rowOrder = requestOrders[kind];
  return {
    columns: columns.map(([name, type, format, priority]) => ({ name, type, format, priority })),
    cells: print,
    ...(rowOrder ? { rowOrder } : {}),
  };
}
