// deletecollection: a list, then one delete after another (rule 48). Not atomic; what is gone meanwhile is fine.
import type { ResourceDefinition } from '../../api/definition.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { ListResult } from '../request.ts';
import { deleteObject } from './delete.ts';
import type { DeleteOptions } from './delete-options.ts';
import type { ListParameters } from './parameters.ts';
import { listEntries } from './read.ts';
import type { WriteEnvironment, WriteTarget } from './write.ts';

/** Resolves with the list of what was deleted, as it was before. */
export async function deleteCollection(
  env: WriteEnvironment,
  target: WriteTarget & { definition: ResourceDefinition },
  { parameters, options }: { parameters: ListParameters; options: DeleteOptions },
): Promise<ListResult> {
  const list = await listEntries(env.storage, target.definition, target.namespace, inPages(parameters));
  for (const entry of list.entries) {
    const { name = '', namespace } = entry.object.metadata;
    try {
      await deleteObject(env, { ...target, name, namespace, admittedName: '' }, options);
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }
  return list;
}

/** Upstream lists page by page, and pages without a match are of the very revision that is named. */
function inPages(parameters: ListParameters): ListParameters {
  const { resourceVersion, resourceVersionMatch } = parameters;
  const isNamed = resourceVersion !== '' && resourceVersion !== '0' && resourceVersionMatch === '';
  return isNamed && parameters.continue === '' ? { ...parameters, resourceVersionMatch: 'Exact' } : parameters;
}
