// Subresources that are the object itself with one part writable: ephemeralcontainers, resize, finalize.
// What else a body holds is silently put back.
import { isDeepStrictEqual } from 'node:util';
import type { Container, EphemeralContainer, Pod } from '../../api/types/core/v1.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { deepCopy } from '../../apimachinery/value.ts';
import { type CallHandler, entryResult, strictness, writeTarget } from '../call.ts';
import { decodeObject } from '../decode.ts';
import { patchObject } from '../patch.ts';
import { parseWriteParameters } from '../registry/parameters.ts';
import { requireName, type UpdatePlan, updateObject } from '../registry/update.ts';
import { verbHandlers } from '../resources.ts';

/** Changes `object`, which has everything of `old`, to what of `given` may be written. */
type Writable = (object: AnyObject, given: AnyObject) => void;

export const partialUpdateHandler =
  (writable: Writable, options: Pick<UpdatePlan, 'managed' | 'validate'> = {}): CallHandler =>
  async (call) => {
    const { info, request, definition } = call;
    if (info.verb === 'get') return await (verbHandlers.get as CallHandler)(call);
    const strategy: Pick<UpdatePlan, 'prepare' | 'validate' | 'managed'> = {
      prepare: (object, old) => restrict(object, old, writable),
      // The main endpoint's rules forbid exactly what this one is for.
      validate: (object) => definition.validate(object),
      ...options,
    };
    if (info.verb === 'patch') {
      const { entry } = await patchObject(call, strategy);
      return await entryResult(call, { status: 200, entry });
    }
    const parameters = parseWriteParameters(request.query, 'UpdateOptions');
    const object = await decodeObject(request.body, definition, strictness(call, parameters));
    requireName(object, info.name);
    const { entry } = await updateObject(call.env, writeTarget(call, parameters), {
      apply: () => deepCopy(object),
      ...strategy,
    });
    return await entryResult(call, { status: 200, entry });
  };

/** Keeps the server's own metadata of the request (revision, owners of fields), the rest is `old` but for what is writable. */
function restrict(object: AnyObject, old: AnyObject, writable: Writable): void {
  const given = { ...object };
  const { managedFields } = object.metadata;
  const metadata = { ...deepCopy(old.metadata), ...(managedFields ? { managedFields } : {}) };
  for (const key of Object.keys(object)) delete object[key];
  Object.assign(object, deepCopy(old), { metadata });
  writable(object, given);
}

interface PodLike extends AnyObject {
  spec: Pod['spec'];
}

export const ephemeralContainers: Writable = (object, given) => {
  const list: EphemeralContainer[] | undefined = (given as PodLike).spec?.ephemeralContainers;
  const { spec } = object as PodLike;
  const before = deepCopy(spec);
  if (list) spec.ephemeralContainers = list;
  else delete spec.ephemeralContainers;
  countChange(object as PodLike, before);
};

function countChange(pod: PodLike, before: PodLike['spec']): void {
  if (!isDeepStrictEqual(pod.spec, before)) pod.metadata.generation = (pod.metadata.generation ?? 0) + 1;
}

/** Resources and resize policies of containers, matched by name. */
export const resize: Writable = (object, given) => {
  const pod = object as PodLike;
  const wanted = (given as PodLike).spec;
  const before = deepCopy(pod.spec);
  // Containers that came, went or moved are left for validation to refuse.
  const names = (containers: Container[] | undefined) => (containers ?? []).map(({ name }) => name).join();
  if (
    names(pod.spec.containers) !== names(wanted.containers) ||
    names(pod.spec.initContainers) !== names(wanted.initContainers)
  ) {
    pod.spec = wanted;
    return;
  }
  const resized = (containers: Container[] | undefined, from: Container[] | undefined) =>
    containers?.map((container) => {
      const found = from?.find(({ name }) => name === container.name);
      if (!found) return container;
      const { resources: _resources, resizePolicy: _resizePolicy, ...rest } = container;
      return {
        ...rest,
        ...(found.resources ? { resources: found.resources } : {}),
        ...(found.resizePolicy ? { resizePolicy: found.resizePolicy } : {}),
      };
    });
  pod.spec.containers = resized(pod.spec.containers, wanted.containers) ?? [];
  const init = resized(pod.spec.initContainers, wanted.initContainers);
  if (init) pod.spec.initContainers = init;
  if (wanted.resources) pod.spec.resources = wanted.resources;
  else delete pod.spec.resources;
  countChange(pod, before);
};

/** The finalizers of a Namespace's spec. */
export const finalize: Writable = (object, given) => {
  const finalizers = (given.spec as { finalizers?: string[] } | undefined)?.finalizers;
  object.spec = finalizers?.length ? { finalizers } : {};
};
