// Which other shapes an answer can take, by what is asked for.
import type { RequestInfo } from './request-info.ts';

/** Lists and single objects each have their form of bare metadata; watches carry single objects. */
export const shapesOf = ({ verb }: Pick<RequestInfo, 'verb'>): readonly string[] =>
  verb === 'list' || verb === 'deletecollection'
    ? ['Table', 'PartialObjectMetadataList']
    : ['Table', 'PartialObjectMetadata'];
