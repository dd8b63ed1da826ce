// The other shapes that answers about resources can take. Whether one fits is told only when the answer is there, after
// what was asked for has been done (handlers/response.go).
import type { ResourceDefinition } from '../api/definition.ts';
import { parseGroupVersion } from '../apimachinery/meta.ts';
import { notAcceptable } from '../apimachinery/status-error.ts';
import type { Representation } from './negotiation.ts';
import type { ApiResult } from './request.ts';

const BARE = ['PartialObjectMetadata', 'PartialObjectMetadataList'] as const;

/** What is only created, reviews and the like, has no table. */
export const shapesOf = (verbs: readonly string[]): readonly string[] =>
  verbs.every((verb) => verb === 'create') ? BARE : ['Table', ...BARE];

/** Throws 406 for bare metadata of one object where there is a list, and the other way round. */
export function requireFit(result: ApiResult, { as }: Pick<Representation, 'as'>): void {
  if (result.type === 'list' && as?.kind === 'PartialObjectMetadata') {
    const type = goType(result.definition, 'list');
    throw notAcceptable(`you requested PartialObjectMetadata, but the requested object is a list (${type})`);
  }
  if (as?.kind !== 'PartialObjectMetadataList') return;
  const type = typeOf(result);
  if (type === undefined) return;
  throw notAcceptable(`you requested PartialObjectMetadataList, but the requested object is not a list (${type})`);
}

/** undefined for a Status. */
function typeOf(result: ApiResult): string | undefined {
  if (result.type === 'entry') return goType(result.definition, 'one');
  if (result.type !== 'object' || result.object.kind === 'Status') return undefined;
  const { apiVersion = '', kind = '' } = result.object;
  return result.definition ? goType(result.definition, 'one') : internalType(parseGroupVersion(apiVersion).group, kind);
}

/** Custom resources have no type of their own. */
function goType({ group, kind, listKind, schema }: ResourceDefinition, what: 'one' | 'list'): string {
  if (schema.model === '') return what === 'list' ? '*unstructured.UnstructuredList' : '*unstructured.Unstructured';
  return internalType(group, what === 'list' ? listKind : kind);
}

/** As Go prints the type that a version is converted to; its package is named after the group, where core has Events too. */
function internalType(group: string, kind: string): string {
  const name = group.split('.')[0] ?? '';
  return `*${name === '' || name === 'events' ? 'core' : name}.${kind}`;
}
