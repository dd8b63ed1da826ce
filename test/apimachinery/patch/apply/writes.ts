// Writes of ConfigMaps and Pods by managers, with frozen inputs and a fixed time.
import assert from 'node:assert/strict';
import { builtinSchema } from '../../../../src/api/index.ts';
import type { AnyObject } from '../../../../src/apimachinery/meta.ts';
import { applyPatch, updateManagedFields, type WriteContext } from '../../../../src/apimachinery/patch/apply/apply.ts';
import { StatusError } from '../../../../src/apimachinery/status-error.ts';
import { deepFreeze } from '../../../../src/apimachinery/value.ts';

export const NOW = Date.parse('2026-01-01T00:00:00Z');

const contextOf = (model: string, apiVersion: string, more: Partial<WriteContext> = {}): WriteContext => ({
  manager: 'one',
  apiVersion,
  now: NOW,
  schema: builtinSchema.type(model),
  types: builtinSchema,
  ...more,
});
export const configMaps = (more: Partial<WriteContext> = {}) => contextOf('io.k8s.api.core.v1.ConfigMap', 'v1', more);
export const pods = (more: Partial<WriteContext> = {}) =>
  contextOf('io.k8s.api.core.v1.Pod', 'v1', { resetFields: [['status']], ...more });

export const configMap = (data: Record<string, string> | undefined, metadata: object = {}): AnyObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', ...metadata },
  ...(data ? { data } : {}),
});
export const pod = (spec: object): AnyObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec });

export const apply = (live: AnyObject | undefined, patch: AnyObject, context: WriteContext, force = false): AnyObject =>
  deepFreeze(
    applyPatch({
      ...context,
      live: live && { ...live, metadata: { ...live.metadata, uid: 'u' } },
      patch: deepFreeze(patch),
      force,
    }),
  );
export const update = (live: AnyObject | undefined, next: AnyObject, context: WriteContext): AnyObject =>
  deepFreeze(updateManagedFields(live, deepFreeze(next), context));
export const owners = (object: AnyObject): [string | undefined, string | undefined, unknown][] =>
  (object.metadata.managedFields ?? []).map((entry) => [entry.manager, entry.operation, entry.fieldsV1]);

export const refused = (run: () => unknown): StatusError => {
  try {
    run();
  } catch (error) {
    assert(error instanceof StatusError);
    return error;
  }
  assert.fail('nothing was refused');
};
