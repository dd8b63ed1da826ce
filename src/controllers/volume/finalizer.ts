// What is deleted and held by one finalizer of ours (pkg/controller/util/protection).
import type { ResourceType } from '../../api/resource-type.ts';
import type { KubeObject } from '../../apimachinery/meta.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';

export const isDeletedWith = ({ metadata }: KubeObject, finalizer: string): boolean =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(finalizer);

/** By an update, as the controllers' roles have no right to patch: a conflict means that the key comes again. */
export async function removeFinalizer<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  { object, finalizer }: { object: T; finalizer: string },
): Promise<void> {
  const finalizers = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer);
  await client.update(type, { ...object, metadata: { ...object.metadata, finalizers } }).catch((error: unknown) => {
    if (!hasReason(error, 'NotFound')) throw error;
  });
}
