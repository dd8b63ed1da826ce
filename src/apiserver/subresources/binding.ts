// Binding a pod to a node: what the scheduler posts, to pods/<name>/binding or to bindings
// (pkg/registry/core/pod/storage/storage.go BindingREST).
import type { ResourceDefinition } from '../../api/definition.ts';
import type { Binding, Pod } from '../../api/types/core/v1.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import {
  badRequest,
  conflict,
  type FieldError,
  fieldError,
  unexpectedlyInvalid,
} from '../../apimachinery/status-error.ts';
import { deepCopy } from '../../apimachinery/value.ts';
import { timestamp } from '../../clock.ts';
import { bodyType } from '../body-type.ts';
import { admitBody, type CallHandler, strictness, writeTarget } from '../call.ts';
import { decodeObject } from '../decode.ts';
import { parseWriteParameters } from '../registry/parameters.ts';
import { updateObject } from '../registry/update.ts';
import { matchNamespace } from '../registry/write.ts';
import { created } from './created.ts';

const BINDING = { group: '', version: 'v1', kind: 'Binding' };

/** `pods` finds the definition of pods, since the request may be for `bindings`. */
export const bindingHandler =
  (pods: () => ResourceDefinition): CallHandler =>
  async (call) => {
    const { env, request, info } = call;
    const parameters = parseWriteParameters(request.query, 'CreateOptions');
    const binding = (await decodeObject(
      request.body,
      bodyType(BINDING, env.types),
      strictness(call, parameters),
    )) as AnyObject & Binding;
    matchNamespace(binding, call.definition, info.namespace);
    const given = binding.metadata.name ?? '';
    const name = info.subresource ? info.name : given;
    await admitBody(call, { ...parameters, name }, binding);
    if (info.subresource && given !== name) throw badRequest('name in URL does not match name in Binding object');
    const errors = validateBinding(binding);
    if (errors.length > 0) throw unexpectedlyInvalid(errors);
    if (name === '') throw badRequest('name is required');
    const asked = writeTarget({ ...call, definition: pods() }, parameters);
    const origin = { ...asked.origin, subresource: 'binding' };
    const target = { ...asked, name, subresource: 'binding', origin };
    await updateObject(env, target, {
      apply: (current) => bound(current as AnyObject & Pod, binding, timestamp(env.clock)),
      prepare: () => undefined,
      validate: () => [],
      managed: true, // upstream tracks nobody here
      unconditional: true,
    });
    return created();
  };

function validateBinding({ target }: Binding): FieldError[] {
  const errors: FieldError[] = [];
  if (target.kind && target.kind !== 'Node')
    errors.push(fieldError.notSupported('target.kind', target.kind, ['Node', '<empty>']));
  if (!target.name) errors.push(fieldError.required('target.name'));
  return errors;
}

function bound(current: AnyObject & Pod, { metadata, target }: Binding, now: string): AnyObject {
  const name = current.metadata.name as string;
  requirePreconditions(current, metadata);
  const refuse = (why: string) => conflict({ group: '', resource: 'pods/binding' }, name, why);
  if (current.metadata.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (current.spec.nodeName)
    throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(current.spec.nodeName)}`);
  if (current.spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const pod = deepCopy(current);
  delete pod.metadata.resourceVersion;
  pod.spec.nodeName = target.name as string;
  if (metadata.annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...metadata.annotations };
  if (metadata.labels) pod.metadata.labels = { ...pod.metadata.labels, ...metadata.labels };
  const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  pod.status = { ...pod.status, conditions: [...others, scheduled] } as Pod['status'] & object;
  return pod;
}

/** A Binding may say which pod it is for, in more than its name. Throws 409 in the words of upstream's store. */
function requirePreconditions({ metadata }: AnyObject & Pod, wanted: Binding['metadata']): void {
  const { name = '', namespace = '' } = metadata;
  for (const [field, title] of [
    ['uid', 'UID'],
    ['resourceVersion', 'ResourceVersion'],
  ] as const) {
    if (!wanted[field] || wanted[field] === metadata[field]) continue;
    const failed = `Precondition failed: ${title} in precondition: ${wanted[field]}, ${title} in object meta: ${metadata[field]}`;
    const why = `StorageError: invalid object, Code: 4, Key: /registry/pods/${namespace}/${name}, ResourceVersion: 0, AdditionalErrorMsg: ${failed}`;
    throw conflict({ group: '', resource: 'pods' }, name, why);
  }
}
