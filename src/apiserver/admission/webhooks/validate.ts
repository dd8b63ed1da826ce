// Validating webhooks, all at once: the first in their order that refuses, refuses the request
// (k8s.io/apiserver pkg/admission/plugin/webhook/validating/dispatcher.go).
import type { AdmissionRequest } from '../../identity.ts';
import { type CallOptions, call, prepare } from './call.ts';
import type { Meant } from './configurations.ts';

export async function validate(
  hooks: readonly Meant[],
  { request, ...options }: CallOptions & { request: AdmissionRequest },
): Promise<void> {
  const calls = [];
  for (const meant of hooks) {
    const objects = await prepare(meant, request, options);
    if (objects) calls.push({ meant, request, objects, mutating: false });
  }
  const outcomes = await Promise.allSettled(calls.map((one) => call(one, options)));
  const refused = outcomes.find(({ status }) => status === 'rejected');
  if (refused?.status === 'rejected') throw refused.reason;
}
