// Admission requests for tests: what a plugin needs of one, with defaults for the rest.
import type { ResourceDefinition } from '../../../src/api/definition.ts';
import type { AnyObject } from '../../../src/apimachinery/meta.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../../src/apiserver/identity.ts';

const KINDS: Readonly<Record<string, string>> = { namespaces: 'Namespace', pods: 'Pod', nodes: 'Node' };

/** `what`: 'pods', 'pods/status', 'leases.coordination.k8s.io'. */
export function admissionRequest(
  operation: AdmissionRequest['operation'],
  what: string,
  object: object | undefined,
  more: Partial<Omit<AdmissionRequest, 'object'>> = {},
): AdmissionRequest & { warnings: string[] } {
  const [resource = '', subresource = ''] = what.split('/');
  const [plural = '', ...group] = resource.split('.');
  const warnings: string[] = [];
  const definition = { plural, group: group.join('.'), kind: KINDS[plural] ?? plural } as ResourceDefinition;
  return {
    operation,
    definition,
    subresource,
    namespace: 'ns',
    name: '',
    object: object as AnyObject | undefined,
    oldObject: undefined,
    user: { username: 'jane', groups: [] },
    dryRun: false,
    options: () => ({}),
    reinvocation: { again: false, wanted: false, memory: new Map() },
    warn: (text) => warnings.push(text),
    ...more,
    warnings,
  };
}

/** Both phases of one plugin; resolves with the object as it became. */
export async function run<R extends AdmissionRequest>(plugin: AdmissionPlugin, request: R): Promise<R> {
  await plugin.admit?.(request);
  await plugin.validate?.(request);
  return request;
}
