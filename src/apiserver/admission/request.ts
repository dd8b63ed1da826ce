// What plugins share about a request: which resource it is for, and how a refusal is worded.
import type { ObjectMeta } from '../../apimachinery/meta.ts';
import { forbidden, type StatusError } from '../../apimachinery/status-error.ts';
import type { AdmissionRequest, Operation } from '../identity.ts';

/** Whether the request is for `resource` itself ("pods", "leases.coordination.k8s.io") with one of `operations`. */
export const isFor = (request: AdmissionRequest, resource: string, operations: readonly Operation[]): boolean =>
  request.subresource === '' && resourceOf(request) === resource && operations.includes(request.operation);

export const resourceOf = ({ definition }: AdmissionRequest): string =>
  definition.group ? `${definition.plural}.${definition.group}` : definition.plural;

/** admission.NewForbidden: 403 that names the object as well as it is known. */
export function refuse(request: AdmissionRequest, why: string): StatusError {
  const { definition, object } = request;
  const metadata: ObjectMeta | undefined = object?.metadata; // a body of a subresource may come without
  const name = request.name || metadata?.name || metadata?.generateName || 'Unknown';
  return forbidden({ group: definition.group, resource: definition.plural }, name, why);
}

/** Go's errors.Aggregate: one as it is, several without repeats in brackets. */
export function aggregate(messages: readonly string[]): string {
  const unique = [...new Set(messages)];
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`;
}
