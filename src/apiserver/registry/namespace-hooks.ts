// A namespace goes in two steps: it is marked, its content is removed by a controller, and when that has emptied
// spec.finalizers through /finalize, it is gone (pkg/registry/core/namespace/storage/storage.go).
import type { Namespace } from '../../api/types/core/v1.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { ResourceHooks } from './hooks.ts';

const isHeld = (object: AnyObject): boolean => ((object as AnyObject & Namespace).spec?.finalizers ?? []).length > 0;

export const namespaceHooks: ResourceHooks = {
  deletesItself: true,
  beginDelete(object, { now }) {
    object.metadata.deletionTimestamp ??= now;
    object.status = { ...(object.status as object | undefined), phase: 'Terminating' };
    return isHeld(object);
  },
  keepsDeleted: isHeld,
};
