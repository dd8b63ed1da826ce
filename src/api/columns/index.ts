// Who fills the cells of which kind's table, by kind[.group]; the columns themselves are facts.
import type { Cells } from '../behaviour.ts';
import { podCells } from './pod.ts';

const cells: Readonly<Record<string, Cells>> = { ...podCells };

export const cellsOf = (kind: string): Cells | undefined => cells[kind];
