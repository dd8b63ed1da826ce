// The other shapes of an answer: kubectl's Table and bare metadata (meta.k8s.io/v1 and v1beta1).
import { ageOf } from '../api/columns/age.ts';
import { PLAIN_TABLE, type TableForm } from '../api/columns/table-form.ts';
import type { AnyObject, KubeObject, ListMeta } from '../apimachinery/meta.ts';
import { badRequest } from '../apimachinery/status-error.ts';
import { INITIAL_EVENTS_END } from './registry/watch.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** Throws 400 for an unknown value. */
export function parseIncludeObject(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') || 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(value)}`);
}

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

export function toTable(objects: readonly AnyObject[], options: TableOptions): KubeObject & { rows: unknown[] | null } {
  const { version, includeObject, now } = options;
  const [first] = objects;
  const form = options.definition ?? (first && TABLES[`${first.apiVersion} ${first.kind}`]) ?? PLAIN_TABLE;
  const context = { now };
  const sorted = form.rowOrder ? objects.toSorted(form.rowOrder) : objects;
  const toRow = (object: AnyObject) => ({
    cells: form.cells(object, context),
    ...rowConditions(object),
    object: rowObject(object, includeObject, version),
  });
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: options.metadata as KubeObject['metadata'],
    ...{ columnDefinitions: options.headers ? form.columns.map((column) => ({ description: '', ...column })) : null },
    // Go's list of nothing: rows of plain tables are made by appending.
    rows: objects.length === 0 && form.columns === PLAIN_TABLE.columns ? null : sorted.map(toRow),
  };
}

function rowObject(object: AnyObject, include: IncludeObject, version: 'v1' | 'v1beta1'): KubeObject | null {
  if (include === 'None' && !object.metadata.annotations?.[INITIAL_EVENTS_END]) return null;
  return include === 'Object' ? object : toPartialMetadata(object, version);
}

/** Annotations that stand for fields of the internal type, which bare metadata is taken from. */
const OF_FIELDS: Readonly<Record<string, RegExp>> = {
  DaemonSet: /^deprecated\.daemonset\.template\.generation$/,
  HorizontalPodAutoscaler: /^autoscaling\.alpha\.kubernetes\.io\/(?:metrics|current-metrics|conditions|behavior)$/,
};

function bareMetadata({ kind, metadata }: KubeObject): KubeObject['metadata'] {
  const pattern = OF_FIELDS[kind ?? ''];
  const { annotations, ...rest } = metadata;
  if (!pattern || !annotations) return metadata;
  const kept = Object.entries(annotations).filter(([key]) => !pattern.test(key));
  return kept.length > 0 ? { ...rest, annotations: Object.fromEntries(kept) } : rest;
}

export const toPartialMetadata = (object: KubeObject, version: 'v1' | 'v1beta1'): KubeObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata: bareMetadata(object),
});

/** A row tells of a pod that has ended (pkg/printers/internalversion printPod). */
function rowConditions({ kind, status }: AnyObject): { conditions?: object[] } {
  const phase = kind === 'Pod' ? (status as { phase?: string } | undefined)?.phase : undefined;
  const message = ENDED[phase ?? ''];
  return message ? { conditions: [{ type: 'Completed', status: 'True', reason: phase, message }] } : {};
}

const ENDED: Readonly<Record<string, string>> = {
  Succeeded: 'The pod has completed successfully.',
  Failed: 'The pod failed.',
};

export const toPartialMetadataList = (
  objects: readonly KubeObject[],
  { metadata, version }: { metadata: ListMeta; version: 'v1' | 'v1beta1' },
): KubeObject & { items: KubeObject[] | null } => ({
  kind: 'PartialObjectMetadataList',
  apiVersion: `meta.k8s.io/${version}`,
  metadata,
  // Go's list of nothing: this kind alone is made by appending.
  items: objects.length > 0 ? objects.map((object) => toPartialMetadata(object, version)) : null,
});
