// The verbs of stored resources: each parses its parameters, calls the registry and says what came of it.
import type { AnyObject } from '../apimachinery/meta.ts';
import { badRequest } from '../apimachinery/status-error.ts';
import { deepCopy } from '../apimachinery/value.ts';
import { type CallHandler, entryResult, namespaceOf, type ResourceCall, strictness, writeTarget } from './call.ts';
import { decodeObject, readBody } from './decode.ts';
import { entryAsked, listAsked } from './history/past.ts';
import { patchObject } from './patch.ts';
import { createObject } from './registry/create.ts';
import { deleteObject } from './registry/delete.ts';
import { deleteCollection } from './registry/delete-collection.ts';
import { type DeleteOptions, parseDeleteOptions } from './registry/delete-options.ts';
import { parseListParameters, parseWriteParameters } from './registry/parameters.ts';
import { compileSelection } from './registry/selection.ts';
import { requireName, updateObject } from './registry/update.ts';
import { openWatch } from './registry/watch.ts';
import { isTrue } from './request-info.ts';

/** Of Jobs it surprises people (pkg/registry/batch/job/storage/storage.go). */
function warnOfOrphans({ definition, warn }: ResourceCall, options: DeleteOptions): void {
  const decided = options.propagationPolicy !== undefined || options.orphanDependents !== undefined;
  if (decided || definition.group !== 'batch' || definition.plural !== 'jobs') return;
  warn(
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them ' +
      'or set propagationPolicy=Orphan to suppress this warning',
  );
}

const deleteOptionsOf = async ({ request, env }: ResourceCall): Promise<DeleteOptions> =>
  parseDeleteOptions(await readBody(request.body), { query: request.query, types: env.types });

export const verbHandlers: Readonly<Record<string, CallHandler>> = {
  get: async (call) => {
    if (isTrue(call.request.query.get('export'))) {
      throw badRequest('the export parameter, deprecated since v1.14, is no longer supported');
    }
    const { entry, at } = await entryAsked(call);
    return await entryResult(call, { status: 200, entry, at });
  },
  list: async (call) => await listAsked(call, parseListParameters(call.request.query)),
  watch: async (call) => {
    const { env, definition } = call;
    const query = new URLSearchParams(call.request.query);
    // The legacy path .../watch/pods/a names its object in the path, and was authorized for that one.
    const named = call.info.parts.length > 1;
    if (named && !query.get('fieldSelector')) query.set('fieldSelector', `metadata.name=${call.info.name}`);
    const parameters = parseListParameters(query);
    if (named && compileSelection(definition, parameters.selectors).name !== call.info.name) {
      throw badRequest("fieldSelector metadata.name doesn't match requested name");
    }
    const { storage, clock, random, types } = env;
    return openWatch(
      { storage, clock, definition, types, namespace: namespaceOf(call), signal: call.signal(), random },
      parameters,
    );
  },
  create: async (call) => {
    const { request, definition } = call;
    const parameters = parseWriteParameters(request.query, 'CreateOptions');
    const object = await decodeObject(request.body, definition, strictness(call, parameters));
    const entry = await createObject(call.env, writeTarget(call, parameters), object);
    return await entryResult(call, { status: 201, entry });
  },
  update: async (call) => {
    const { request, definition, env, info } = call;
    const parameters = parseWriteParameters(request.query, 'UpdateOptions');
    const object = await decodeObject(request.body, definition, strictness(call, parameters));
    requireName(object, info.name);
    const { entry, created } = await updateObject(env, writeTarget(call, parameters), {
      apply: () => deepCopy(object),
      createMissing: definition.allowCreateOnUpdate,
    });
    return await entryResult(call, { status: created ? 201 : 200, entry });
  },
  patch: async (call) => {
    const { entry, created } = await patchObject(call, {});
    return await entryResult(call, { status: created ? 201 : 200, entry });
  },
  delete: async (call) => {
    const options = await deleteOptionsOf(call);
    warnOfOrphans(call, options);
    const target = writeTarget(call, { dryRun: options.dryRun, fieldManager: '' });
    const { result, removed } = await deleteObject(call.env, target, options);
    // 202 only for clients that asked for dependents to go and whose object waits (rule 49).
    const status = !removed && options.orphanDependents === false ? 202 : 200;
    if ('status' in result) return { type: 'object', status, object: result.status as unknown as AnyObject };
    return await entryResult(call, { status, entry: result.entry });
  },
  deletecollection: async (call) => {
    const parameters = parseListParameters(call.request.query);
    compileSelection(call.definition, parameters.selectors); // complained of before the body is
    const options = await deleteOptionsOf(call);
    const target = writeTarget(call, { dryRun: options.dryRun, fieldManager: '' });
    const deleted = await deleteCollection(call.env, target, { parameters, options });
    warnOfOrphans(call, options); // after selectors have been found to make sense
    return deleted;
  },
};
