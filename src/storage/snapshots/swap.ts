// Puts prepared files in place of others as one step: after a crash at any moment either all of the old are there or,
// once the plan is written, the next who asks finishes. The files wait in `<folder>/restore`, the plan beside them;
// what was there before is moved away, never deleted. Whoever calls holds the lock of the database.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { syncFolder, writeDurably } from './durable.ts';

export interface Move {
  place: string;
  /** Where what was at `place` goes. */
  replaced: string;
  /** What comes to `place`; nothing does when absent. */
  staged?: string;
}

export interface SwapPlan {
  /** In a few words, for who is told that it was finished. */
  what: string;
  /** In this order; the last one, which has to be staged, decides whether the swap is through. */
  moves: Move[];
}

export const stagingFolder = (folder: string): string => path.join(folder, 'restore');
const planFile = (folder: string): string => path.join(stagingFolder(folder), 'plan.json');

/** From here on it happens, whatever comes. */
export async function commitSwap(folder: string, plan: SwapPlan): Promise<void> {
  const unfinished = `${planFile(folder)}.new`;
  await writeDurably(unfinished, JSON.stringify(plan));
  renameSync(unfinished, planFile(folder));
  syncFolder(stagingFolder(folder));
  syncFolder(folder);
}

export type SwapOutcome = { finished: string } | 'abandoned';

/** Finishes a swap whose plan was written, forgets one whose plan was not. `between` is called after each move. */
export function finishSwap(folder: string, between: () => void = () => undefined): SwapOutcome {
  const staging = stagingFolder(folder);
  const plan = existsSync(planFile(folder)) && (JSON.parse(readFileSync(planFile(folder), 'utf8')) as SwapPlan);
  if (!plan) {
    rmSync(staging, { recursive: true, force: true });
    return 'abandoned';
  }
  const last = plan.moves.at(-1)?.staged;
  // With the last one in place, files that have no successor may be those of a server that ran since.
  const through = last === undefined || !existsSync(last);
  for (const move of through ? [] : plan.moves) {
    apply(move);
    between();
  }
  rmSync(planFile(folder));
  syncFolder(staging);
  rmSync(staging, { recursive: true });
  syncFolder(folder);
  return { finished: plan.what };
}

function apply({ place, replaced, staged }: Move): void {
  if (staged !== undefined && !existsSync(staged)) return; // before a crash
  const touched = new Set([path.dirname(place)]);
  if (existsSync(place)) {
    mkdirSync(path.dirname(replaced), { recursive: true, mode: 0o700 });
    renameSync(place, replaced);
    touched.add(path.dirname(replaced));
  }
  if (staged !== undefined) {
    mkdirSync(path.dirname(place), { recursive: true, mode: 0o700 });
    renameSync(staged, place);
  }
  for (const folder of touched) syncFolder(folder);
}
