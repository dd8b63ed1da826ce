// A request as webhooks and expressions are told of it: admission.k8s.io/v1 AdmissionRequest without uid and objects
// (k8s.io/apiserver pkg/admission/plugin/webhook/request/admissionreview.go).
import type { ResourceDefinition } from '../../../api/definition.ts';
import type { JsonObject } from '../../../apimachinery/meta.ts';
import type { AdmissionRequest } from '../../identity.ts';

/** Of an object whose name is not made yet: ''. */
export const nameOf = ({ name, object }: AdmissionRequest): string => name || object?.metadata?.name || '';

/** That of a Namespace is itself. */
export const namespaceOf = (request: AdmissionRequest): string =>
  request.definition.group === '' && request.definition.plural === 'namespaces' ? nameOf(request) : request.namespace;

const kindOf = (definition: ResourceDefinition, subresource: string) => {
  const { group, version, kind } = definition.subresources?.[subresource] ?? definition;
  return { group, version, kind };
};

const resourceOf = ({ group, version, plural }: ResourceDefinition) => ({ group, version, resource: plural });

const ifSet = (name: string, text: string | undefined) => (text ? { [name]: text } : {});

/** `matched` is the version that it is told of in. */
export function requestAttributes(request: AdmissionRequest, matched: ResourceDefinition): JsonObject {
  const { definition, subresource, operation, dryRun, user } = request;
  return {
    kind: kindOf(matched, subresource),
    resource: resourceOf(matched),
    ...ifSet('subResource', subresource),
    requestKind: kindOf(definition, subresource),
    requestResource: resourceOf(definition),
    ...ifSet('requestSubResource', subresource),
    ...ifSet('name', nameOf(request)),
    ...ifSet('namespace', namespaceOf(request)),
    operation,
    userInfo: {
      ...ifSet('username', user.username),
      ...ifSet('uid', user.uid),
      ...(user.groups.length > 0 ? { groups: [...user.groups] } : {}),
      ...(user.extra ? { extra: user.extra } : {}),
    },
    dryRun,
    options: request.options() ?? null,
  } as unknown as JsonObject;
}
