// Creating things in a namespace that is going or gone fails by right and is nothing to try again.
import { hasReason, StatusError } from '../../apimachinery/status-error.ts';

export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof StatusError &&
  (error.status.details?.causes ?? []).some((cause) => cause.reason === 'NamespaceTerminating');

/** Runs a create; that it is there already, or its namespace is not any more, is as good as done. */
export async function ignoringGoneNamespace(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    const settled = hasReason(error, 'AlreadyExists') || hasReason(error, 'NotFound') || isNamespaceTerminating(error);
    if (!settled) throw error;
  }
}
