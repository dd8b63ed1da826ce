// The other shapes that answers about resources can take. Whether one fits is told only when the answer is there, after
// what was asked for has been done (handlers/response.go).
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
    const { listKind } = result.definition;
    throw notAcceptable(`you requested PartialObjectMetadata, but the requested object is a list (${listKind})`);
  }
  if (as?.kind !== 'PartialObjectMetadataList') return;
  const kind =
    result.type === 'entry' ? result.definition.kind : result.type === 'object' ? result.object.kind : 'Status';
  if (kind === 'Status') return;
  throw notAcceptable(`you requested PartialObjectMetadataList, but the requested object is not a list (${kind})`);
}
