// What an apply says when others own what it changes: 409 with one cause per field
// (k8s.io/apimachinery/pkg/util/managedfields/internal/conflict.go).
import { StatusError } from '../../status-error.ts';
import { type FieldSet, formatPath, paths } from './field-set.ts';
import type { Manager } from './managers.ts';

export interface ManagerConflict {
  manager: Manager;
  fields: FieldSet;
}

export function applyConflict(conflicts: readonly ManagerConflict[]): StatusError {
  const found = conflicts
    .map(({ manager, fields }) => ({ owner: printManager(manager), fields: [...paths(fields)].map(formatPath) }))
    .toSorted((a, b) => (a.owner < b.owner ? -1 : 1));
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: conflictMessage(found),
    details: {
      causes: found.flatMap(({ owner, fields }) =>
        fields.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field })),
      ),
    },
  });
}

function conflictMessage(found: readonly { owner: string; fields: readonly string[] }[]): string {
  const count = found.reduce((sum, { fields }) => sum + fields.length, 0);
  const [first] = found;
  if (count === 1 && first) return `Apply failed with 1 conflict: conflict with ${first.owner}: ${first.fields[0]}`;
  const lines = found.flatMap(({ owner, fields }) => [`conflicts with ${owner}:`, ...fields.map((f) => `- ${f}`)]);
  return `Apply failed with ${count} conflicts: ${lines.join('\n')}`;
}

function printManager({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
