// The object of a request in another version of its resource, for webhooks and policies that ask for that one.
import type { ResourceDefinition } from '../../../api/definition.ts';
import type { AnyObject } from '../../../apimachinery/meta.ts';
import { deepCopy } from '../../../apimachinery/value.ts';
import type { DefinitionCatalogue } from '../../catalogue.ts';
import type { AdmissionRequest } from '../../identity.ts';
import { isStoredVersion, readyView } from '../../registry/keys.ts';
import type { Equivalents } from './rules.ts';

/** Asked of the catalogue once a version and subresource, until it changes. */
export function createEquivalents(catalogue: DefinitionCatalogue): { find: Equivalents; close(): void } {
  let known = new WeakMap<ResourceDefinition, Map<string, readonly ResourceDefinition[]>>();
  const close = catalogue.subscribe(() => {
    known = new WeakMap();
  });
  return {
    find({ definition, subresource }) {
      const bySubresource = known.get(definition) ?? new Map<string, readonly ResourceDefinition[]>();
      known.set(definition, bySubresource);
      let found = bySubresource.get(subresource);
      if (!found) {
        const { group, resource } = definition.storage;
        found = catalogue
          .all()
          .filter((one) => one.storage.group === group && one.storage.resource === resource)
          .filter((one) => one !== definition && (!subresource || Object.hasOwn(one.subresources, subresource)));
        bySubresource.set(subresource, found);
      }
      return found;
    },
    close,
  };
}

/** `object` of the version `from` in the version `to`. Bodies of subresources that are no such object stay as they are. */
export async function inVersion(
  object: AnyObject,
  from: ResourceDefinition,
  to: ResourceDefinition,
): Promise<AnyObject> {
  if (from === to || object.kind !== from.kind) return object;
  // A copy: views are remembered by object, and this one may change yet.
  return await readyView(to, { object: deepCopy(await toStorageVersion(object, from)) });
}

async function toStorageVersion(object: AnyObject, definition: ResourceDefinition): Promise<AnyObject> {
  if (definition.views) return await definition.views.toStorage(object);
  return isStoredVersion(definition) ? object : definition.toStorage(deepCopy(object));
}

/** The objects of a request in the version that a webhook or policy asks for. */
export interface Objects {
  object: AnyObject | undefined;
  oldObject: AnyObject | undefined;
}

export async function objectsIn(matched: ResourceDefinition, request: AdmissionRequest): Promise<Objects> {
  const { definition } = request;
  const shown = async (object: AnyObject | undefined) => object && (await inVersion(object, definition, matched));
  const [object, oldObject] = await Promise.all([shown(request.object), shown(request.oldObject)]);
  return { object, oldObject };
}
