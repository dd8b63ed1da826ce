// The classes of the system stay: without them its pods could not be made again
// (pkg/registry/scheduling/priorityclass/storage).
import { SYSTEM_CLASSES } from '../../api/scheduling/priority-classes.ts';
import { forbidden } from '../../apimachinery/status-error.ts';
import type { ResourceHooks } from './hooks.ts';

const RESOURCE = { group: 'scheduling.k8s.io', resource: 'priorityclasses' };

export const priorityClassHooks: ResourceHooks = {
  beginDelete({ metadata: { name = '' } }) {
    if (Object.hasOwn(SYSTEM_CLASSES, name)) {
      throw forbidden(RESOURCE, name, 'this is a system priority class and cannot be deleted');
    }
    return false;
  },
};
