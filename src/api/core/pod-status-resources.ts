// What a Pod's status says of the resources its containers got: claims made for extended resources, and the health of
// devices (pkg/apis/core/validation validatePodExtendedResourceClaimStatus,
// validateContainerStatusAllocatedResourcesStatus).
import { isDNS1123Label, isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  Container,
  ContainerExtendedResourceRequest,
  ContainerStatus,
  PodExtendedResourceClaimStatus,
  PodSpec,
  PodStatus,
  ResourceHealth,
  ResourceStatus,
} from '../types/core/v1.ts';
import { duplicates, invalidEach, oneOf } from '../validation/rules.ts';

const HEALTH = ['Healthy', 'Unhealthy', 'Unknown'];
const MAX_MESSAGE = 1024;

export const resourceErrors = (status: PodStatus, spec: PodSpec): FieldError[] => [
  ...(status.extendedResourceClaimStatus
    ? extendedClaimErrors(status.extendedResourceClaimStatus, spec, 'status.extendedResourceClaimStatus')
    : []),
  ...deviceErrors(status.containerStatuses, spec.containers, 'status.containerStatuses'),
  ...deviceErrors(status.initContainerStatuses, spec.initContainers, 'status.initContainerStatuses'),
  ...(status.ephemeralContainerStatuses ?? []).flatMap(({ allocatedResourcesStatus = [] }, i) => {
    const at = `status.ephemeralContainerStatuses[${i}].allocatedResourcesStatus`;
    const text = 'must not be specified in container status';
    return allocatedResourcesStatus.length > 0 ? [fieldError.forbidden(at, text)] : [];
  }),
];

function extendedClaimErrors(claim: PodExtendedResourceClaimStatus, spec: PodSpec, path: string): FieldError[] {
  const { requestMappings, resourceClaimName: name } = claim;
  const mappings = requestMappings ?? [];
  const at = `${path}.requestMappings`;
  return [
    ...(mappings.length === 0 ? [fieldError.required(at, 'at least one request mapping is required')] : []),
    ...mappings.flatMap((mapping, i) => [
      ...mappingErrors(mapping, spec, `${at}[${i}]`),
      ...invalidEach(`${path}.requestName`, mapping.requestName, isDNS1123Label(mapping.requestName)),
    ]),
    ...MAPPING.flatMap((field) =>
      duplicates(
        mappings,
        (mapping) => MAPPING.map((part) => mapping[part]).join('\n'),
        (i) => fieldError.duplicate(`${at}[${i}].${field}`, mappings[i]?.[field]),
      ),
    ),
    ...(name
      ? invalidEach(`${path}.resourceClaimName`, name, isDNS1123Subdomain(name))
      : [fieldError.required(`${path}.resourceClaimName`)]),
  ];
}

const MAPPING = ['containerName', 'resourceName', 'requestName'] as const;

function mappingErrors(mapping: ContainerExtendedResourceRequest, spec: PodSpec, path: string): FieldError[] {
  const { containerName, resourceName } = mapping;
  // Of two by one name the later counts.
  const container = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].findLast(
    ({ name }) => name === containerName,
  );
  if (!container) {
    const text = 'must match the name of an entry in spec.initContainers.name or spec.containers.name';
    return [fieldError.invalid(`${path}.containerName`, containerName, text)];
  }
  if (Object.hasOwn(container.resources?.requests ?? {}, resourceName)) return [];
  const text =
    'must match the extended resource name of an entry in spec.initContainers.resources.requests or ' +
    'spec.containers.resources.requests';
  return [fieldError.invalid(`${path}.resourceName`, resourceName, text)];
}

const deviceErrors = (
  statuses: readonly ContainerStatus[] = [],
  containers: readonly Container[] | null | undefined,
  path: string,
): FieldError[] =>
  statuses.flatMap(({ name, allocatedResourcesStatus = [] }, i) => {
    const container = containers?.find((one) => one.name === name);
    return allocatedResourcesStatus.flatMap((resource, j) => {
      const at = `${path}[${i}].allocatedResourcesStatus[${j}]`;
      return [...(container ? nameErrors(resource, container, `${at}.name`) : []), ...healthErrors(resource, at)];
    });
  });

function nameErrors({ name = '' }: ResourceStatus, { resources }: Container, path: string): FieldError[] {
  if (!name.startsWith('claim:')) {
    if (Object.hasOwn(resources?.requests ?? {}, name)) return [];
    return [fieldError.invalid(path, name, "must match one of the container's resource requests")];
  }
  const claims = (resources?.claims ?? []).map(
    (claim) => `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}`,
  );
  const text =
    "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or " +
    "'claim:<claimName>' if request is empty";
  return claims.includes(name) ? [] : [fieldError.invalid(path, name, text)];
}

function healthErrors({ resources }: ResourceStatus, path: string): FieldError[] {
  const list: readonly ResourceHealth[] = resources ?? [];
  return [
    ...list.flatMap(({ health, message }, i) => [
      ...oneOf(health, HEALTH, `${path}.resources[${i}].health`),
      ...messageErrors(message, `${path}.resources[${i}].message`),
    ]),
    ...duplicates(
      list,
      ({ resourceID = '' }) => `/${resourceID}`,
      (i, key) => fieldError.duplicate(`${path}.resources[${i}].resourceID`, key.slice(1)),
    ),
  ];
}

function messageErrors(message: string | undefined, path: string): FieldError[] {
  if (message === undefined) return [];
  if (message === '') return [fieldError.required(path, 'must be non-empty if specified')];
  return Buffer.byteLength(message) > MAX_MESSAGE ? [fieldError.tooLong(path, MAX_MESSAGE)] : [];
}
