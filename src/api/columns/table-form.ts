// What a table shows of the objects of a type, and the form of those that have none of their own.
import type { ResourceDefinition } from '../definition.ts';

export type TableForm = Pick<ResourceDefinition, 'columns' | 'cells' | 'rowOrder'>;

/** k8s.io/apiserver pkg/registry/rest/table.go. */
export const PLAIN_TABLE: TableForm = {
  columns: [
    { name: 'Name', type: 'string', format: 'name', description: 'Name of the object', priority: 0 },
    { name: 'Created At', type: 'date', format: '', description: 'When the object was created', priority: 0 },
  ],
  cells: ({ metadata }) => [metadata.name ?? '', metadata.creationTimestamp ?? null],
};
