// Builders of revisions for tests of what is made of histories.
import type { FieldChange } from '../../src/apimachinery/changes.ts';
import type { Revision } from '../../src/history/types.ts';

/** `12 alice update` with what else it has. */
export function revision(number: number, user: string, parts: Partial<Revision> = {}): Revision {
  const operation = parts.operation ?? 'update';
  return {
    resourceVersion: String(number),
    time: new Date(Date.UTC(2026, 0, 1, 0, 0, number)).toISOString(),
    verb: operation,
    user,
    uid: 'u1',
    changes: [],
    ...parts,
    operation,
  };
}

export const replaced = (path: string, from: unknown, to: unknown): FieldChange =>
  ({ op: 'replace', path, from, to }) as FieldChange;

export const deletionBegun: FieldChange = {
  op: 'add',
  path: '.metadata.deletionTimestamp',
  to: '2026-01-01T00:00:00Z',
};
