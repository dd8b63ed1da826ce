// The other shapes of an answer: kubectl's Table and bare metadata (meta.k8s.io/v1 and v1beta1).
import { ageOf } from '../api/columns/age.ts';
import type { ResourceDefinition } from '../api/definition.ts';
import type { AnyObject, KubeObject, ListMeta } from '../apimachinery/meta.ts';
import { badRequest } from '../apimachinery/status-error.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** Throws 400 for an unknown value. */
export function parseIncludeObject(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') || 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(value)}`);
}

export type TableForm = Pick<ResourceDefinition, 'columns' | 'cells'>;

/** A table that shows something else than objects of a resource. */
export interface TableRows extends TableForm {
  objects: readonly AnyObject[];
}

export interface TableOptions {
  /** undefined: a type without a table of its own (Scale …), shown as name and age. */
  definition: TableForm | undefined;
  version: 'v1' | 'v1beta1';
  includeObject: IncludeObject;
  now: number;
  metadata: ListMeta;
  /** Watches send the columns only once. */
  headers: boolean;
}

/** Columns and cells of types that have no definition, by apiVersion and kind. */
const TABLES: Readonly<Record<string, TableForm>> = {
  'autoscaling/v1 Scale': {
    columns: [
      { name: 'Name', type: 'string', format: '', priority: 0 },
      { name: 'Desired', type: 'integer', format: '', priority: 0 },
      { name: 'Available', type: 'integer', format: '', priority: 0 },
      { name: 'Age', type: 'string', format: '', priority: 0 },
    ],
    cells({ metadata, spec, status }, context) {
      const replicas = (of: unknown) => (of as { replicas?: number } | undefined)?.replicas ?? 0;
      return [metadata.name ?? '', replicas(spec), replicas(status), ageOf(metadata.creationTimestamp, context)];
    },
  },
};

const DEFAULT_COLUMNS = [
  { name: 'Name', type: 'string', format: 'name', description: 'Name of the object', priority: 0 },
  { name: 'Created At', type: 'date', format: '', description: 'When the object was created', priority: 0 },
];

export function toTable(objects: readonly AnyObject[], options: TableOptions): KubeObject & { rows: unknown[] } {
  const { version, includeObject, now } = options;
  const [first] = objects;
  const definition = options.definition ?? (first && TABLES[`${first.apiVersion} ${first.kind}`]);
  const context = { now };
  const columns = definition?.columns.map((column) => ({ description: '', ...column })) ?? DEFAULT_COLUMNS;
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: options.metadata as KubeObject['metadata'],
    ...{ columnDefinitions: options.headers ? columns : null },
    rows: objects.map((object) => ({
      cells: definition
        ? definition.cells(object, context)
        : [object.metadata.name ?? '', object.metadata.creationTimestamp ?? null],
      object: rowObject(object, includeObject, version),
    })),
  };
}

function rowObject(object: AnyObject, include: IncludeObject, version: 'v1' | 'v1beta1'): KubeObject | null {
  if (include === 'None') return null;
  return include === 'Object' ? object : toPartialMetadata(object, version);
}

export const toPartialMetadata = ({ metadata }: KubeObject, version: 'v1' | 'v1beta1'): KubeObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata,
});

export const toPartialMetadataList = (
  objects: readonly KubeObject[],
  { metadata, version }: { metadata: ListMeta; version: 'v1' | 'v1beta1' },
): KubeObject & { items: KubeObject[] } => ({
  kind: 'PartialObjectMetadataList',
  apiVersion: `meta.k8s.io/${version}`,
  metadata,
  items: objects.map((object) => toPartialMetadata(object, version)),
});
