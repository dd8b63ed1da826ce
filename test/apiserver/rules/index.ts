// Every case of a rule.
import { collectorRules } from './collectors.ts';
import { createRules } from './creates.ts';
import { deleteRules } from './deletes.ts';
import { eventRules } from './events.ts';
import { listRules } from './lists.ts';
import { readRules } from './reads.ts';
import { revisionRules } from './revisions.ts';
import type { RuleCase } from './rule.ts';
import { updateRules } from './updates.ts';
import { watchRules } from './watches.ts';

export const RULES: readonly RuleCase[] = [
  ...revisionRules,
  ...readRules,
  ...listRules,
  ...watchRules,
  ...eventRules,
  ...createRules,
  ...updateRules,
  ...deleteRules,
  ...collectorRules,
];
