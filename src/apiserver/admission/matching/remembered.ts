// What rules mean a request of a kind is found once, and kept until rules or resource types change: a request that
// nobody asked for costs one look-up.
import type { ResourceDefinition } from '../../../api/definition.ts';
import type { DefinitionCatalogue } from '../../catalogue.ts';
import type { AdmissionRequest } from '../../identity.ts';
import { namespaceOf } from './attributes.ts';

export interface Remembered<T> {
  of(request: AdmissionRequest): readonly T[];
  forget(): void;
  close(): void;
}

/** `find` must look at no more of a request than its definition, subresource, operation and whether it has a namespace. */
export function rememberByPlace<T>(
  catalogue: DefinitionCatalogue,
  find: (request: AdmissionRequest) => readonly T[],
): Remembered<T> {
  let known = new WeakMap<ResourceDefinition, Map<string, readonly T[]>>();
  const forget = () => {
    known = new WeakMap();
  };
  return {
    of(request) {
      const { definition, operation, subresource } = request;
      const byPlace = known.get(definition) ?? new Map<string, readonly T[]>();
      known.set(definition, byPlace);
      const place = `${operation} ${subresource} ${namespaceOf(request) === ''}`;
      let found = byPlace.get(place);
      if (!found) {
        found = find(request);
        byPlace.set(place, found);
      }
      return found;
    },
    forget,
    close: catalogue.subscribe(forget),
  };
}
