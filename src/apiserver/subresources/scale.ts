// /scale: how many, of anything that has replicas. Reads and writes the parent; its answers are autoscaling/v1 Scales.
import type { ScalePaths } from '../../api/definition.ts';
import { validateMetadata } from '../../api/validation/metadata.ts';
import { formatLabelSelector, labelSelectorOf } from '../../apimachinery/labels.ts';
import type { AnyObject, JsonObject, LabelSelector } from '../../apimachinery/meta.ts';
import { requireTyped } from '../../apimachinery/patch/apply/apply.ts';
import { objectShape } from '../../apimachinery/patch/apply/shape.ts';
import { badRequest, fieldError, invalid } from '../../apimachinery/status-error.ts';
import { type BodyType, bodyType } from '../body-type.ts';
import { type CallHandler, type ResourceCall, strictness, writeTarget } from '../call.ts';
import { decodedValue, decodeObject, toObject } from '../decode.ts';
import { entryAsked } from '../history/past.ts';
import { patched, patchTypeOf, readApplied, readPatch } from '../patch.ts';
import { apiVersionOf, readyView } from '../registry/keys.ts';
import { parseWriteParameters } from '../registry/parameters.ts';
import { requireName, type UpdatePlan, updateObject } from '../registry/update.ts';
import type { ApiResult } from '../request.ts';

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

/** Where built-in types have their numbers; custom resources say where. */
const SPEC_REPLICAS = ['spec', 'replicas'];
const STATUS_REPLICAS = ['status', 'replicas'];

interface Scaled extends AnyObject {
  spec?: { replicas?: number; selector?: LabelSelector | Record<string, string> };
  status?: { replicas?: number };
}

export const scaleHandler: CallHandler = async (call) => {
  const { definition, info, request, env } = call;
  if (info.verb === 'get') {
    const { entry } = await entryAsked(call);
    return answer(await readyView(definition, entry), definition.scale);
  }
  const type = bodyType(SCALE, env.types);
  if (info.verb === 'patch' && patchTypeOf(request, definition) === 'apply') return await applyScale(call, type);
  const { scale: paths } = definition;
  const wanted = info.verb === 'patch' ? await fromPatch(call, type) : await fromBody(call, type);
  const kind = info.verb === 'patch' ? 'PatchOptions' : 'UpdateOptions';
  const { entry } = await updateObject(env, writeTarget(call, parseWriteParameters(request.query, kind)), {
    apply: (current) =>
      rescaled(current as Scaled, wanted(current as Scaled), { paths, uidIsPrecondition: info.verb !== 'patch' }),
    admitted: admittedScale(paths),
    unconditional: true,
  });
  return answer(await readyView(definition, entry), definition.scale);
};

async function fromBody(call: ResourceCall, type: BodyType) {
  const parameters = parseWriteParameters(call.request.query, 'UpdateOptions');
  const scale = await decodeObject(call.request.body, type, strictness(call, parameters));
  requireName(scale, call.info.name);
  if (scale.metadata.namespace && scale.metadata.namespace !== call.info.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return () => scale as Scaled;
}

async function fromPatch(call: ResourceCall, type: BodyType) {
  const parameters = parseWriteParameters(call.request.query, 'PatchOptions', 'other');
  const patch = await readPatch(patchTypeOf(call.request, call.definition), { ...call, type, parameters });
  return (current: Scaled) => {
    const parent = scaleOf(current, call.definition.scale);
    const scale = patched(patch, parent, { type, ...strictness(call, parameters) });
    requireName(scale, call.info.name);
    return scale as Scaled;
  };
}

/** Who applies a Scale owns the parent's replicas. */
async function applyScale(call: ResourceCall, type: BodyType): Promise<ApiResult> {
  const { request, env, definition, info } = call;
  const parameters = parseWriteParameters(request.query, 'PatchOptions', 'apply');
  const given = await readApplied(request, type);
  const lenient = { ...strictness(call, parameters), fieldValidation: 'Ignore' as const };
  const scale = toObject(given, type, lenient) as Scaled;
  requireName(scale, info.name);
  const target = writeTarget(call, parameters);
  const patch: JsonObject = {
    apiVersion: apiVersionOf(definition),
    kind: definition.kind,
    metadata: { name: info.name },
  };
  const replicas = scale.spec?.replicas;
  const specReplicas = definition.scale?.specReplicas ?? SPEC_REPLICAS;
  if (replicas !== undefined) setAt(patch, specReplicas, replicas);
  const { entry } = await updateObject(env, target, {
    apply: (live) => {
      requireTyped(given.value as unknown as AnyObject, objectShape(type.schema, env.types));
      const change = { definition, live, manager: target.fieldManager, subresource: 'scale' };
      const merged = env.fieldManagers.apply(patch, { ...change, force: parameters.force ?? false });
      // The Scale is what is applied: without a number it says none, not the parent's default.
      if (at(merged, specReplicas) === undefined) setAt(merged, specReplicas, 0);
      return toObject(decodedValue(merged), definition, strictness(call, parameters));
    },
    admitted: admittedScale(definition.scale),
    unconditional: true,
    managed: true,
  });
  return answer(await readyView(definition, entry), definition.scale);
}

/** Admission judges the Scale, not the parent. */
const admittedScale = (paths: ScalePaths | undefined): NonNullable<UpdatePlan['admitted']> => ({
  of: (parent) => scaleOf(parent as Scaled, paths),
  back: (parent, scale) => setAt(parent, paths?.specReplicas ?? SPEC_REPLICAS, (scale as Scaled).spec?.replicas ?? 0),
});

/** The parent with the replicas of `scale`; its revision and uid, when given, must be the current ones. */
function rescaled(
  current: Scaled,
  scale: Scaled,
  { paths, uidIsPrecondition }: { paths: ScalePaths | undefined; uidIsPrecondition: boolean },
): AnyObject {
  const replicas = scale.spec?.replicas ?? 0;
  const { resourceVersion, uid } = scale.metadata;
  // A precondition that fails is told before what is wrong with the Scale.
  const isOther = uidIsPrecondition && Boolean(uid) && uid !== current.metadata.uid;
  const errors = isOther ? [] : validateMetadata(scale.metadata);
  if (replicas < 0 && !isOther) {
    errors.push(fieldError.invalid('spec.replicas', replicas, 'must be greater than or equal to 0'));
  }
  if (errors.length > 0) throw invalid(SCALE, current.metadata.name ?? '', errors);
  const object = structuredClone(current);
  if (resourceVersion) object.metadata.resourceVersion = resourceVersion;
  else delete object.metadata.resourceVersion;
  if (uid) object.metadata.uid = uid;
  setAt(object, paths?.specReplicas ?? SPEC_REPLICAS, replicas);
  return object;
}

const answer = (object: AnyObject, paths: ScalePaths | undefined): ApiResult => ({
  type: 'object',
  status: 200,
  object: scaleOf(object as Scaled, paths),
});

function scaleOf(object: Scaled, paths: ScalePaths | undefined): AnyObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = at(object, paths?.specReplicas ?? SPEC_REPLICAS);
  // Custom resources give their selector as text.
  const selector = paths ? paths.selector && at(object, paths.selector) : selectorText(object.spec?.selector);
  return {
    kind: SCALE.kind,
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as AnyObject['metadata'],
    spec: replicas ? { replicas } : {},
    status: {
      replicas: at(object, paths?.statusReplicas ?? STATUS_REPLICAS) ?? 0,
      ...(selector && typeof selector === 'string' ? { selector } : {}),
    },
  };
}

function at(object: object, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], object);
}

/** Changes `object`, making what is not there on the way. */
function setAt(object: object, path: readonly string[], value: number): void {
  const last = path.at(-1) as string;
  let place = object as Record<string, unknown>;
  for (const step of path.slice(0, -1)) {
    place[step] ??= {};
    place = place[step] as Record<string, unknown>;
  }
  place[last] = value;
}

/** ReplicationControllers select by a plain map, the others by a LabelSelector. */
function selectorText(selector: LabelSelector | Record<string, string> | undefined): string {
  if (!selector) return '';
  const plain = !('matchLabels' in selector || 'matchExpressions' in selector);
  const parsed = labelSelectorOf(
    plain ? { matchLabels: selector as Record<string, string> } : (selector as LabelSelector),
  );
  return parsed ? formatLabelSelector(parsed) : '';
}
