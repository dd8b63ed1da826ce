// Who fills the cells of which kind's table, by kind[.group]; the columns themselves are facts.
import type { Cells } from '../behaviour.ts';
import { admissionCells } from './admission.ts';
import { autoscalingCells } from './autoscaling.ts';
import { clusterCells } from './cluster.ts';
import { coreCells } from './core.ts';
import { networkCells } from './network.ts';
import { podCells } from './pod.ts';
import { requestCells } from './requests.ts';
import { storageCells } from './storage.ts';
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

export const cellsOf = (kind: string): Cells | undefined => cells[kind];
