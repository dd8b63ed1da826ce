// ResourceQuotas: amounts of known resources, and scopes that can hold them (pkg/apis/core/validation
// ValidateResourceQuota).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { compareQuantity, parseQuantity } from '../../apimachinery/quantity.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { ResourceQuotaSpec, ResourceQuotaStatus, ScopedResourceSelectorRequirement } from '../types/core/v1.ts';
import { FIELD_IMMUTABLE } from '../validation/metadata.ts';
import { isStandardQuota, quotaResourceName, resourceAmount } from '../validation/resource-names.ts';

type Amounts = Readonly<Record<string, string>>;

const specOf = (object: AnyObject): ResourceQuotaSpec => (object.spec ?? {}) as ResourceQuotaSpec;

const amounts = (list: Amounts = {}, path: string): FieldError[] =>
  Object.entries(list).flatMap(([name, text]) => [
    ...quotaResourceName(name, `${path}[${name}]`),
    ...resourceAmount(name, text, `${path}[${name}]`),
  ]);

function validate(object: AnyObject): FieldError[] {
  const spec = specOf(object);
  const { hard, scopes = [], scopeSelector } = spec;
  const errors = amounts(hard, 'spec.hard');
  if (scopes.length > 0) errors.push(...scopeErrors(scopes, hard, 'spec.scopes'));
  if (!scopeSelector) return errors;
  const path = 'spec.scopeSelector.matchExpressions';
  const requirements = scopeSelector.matchExpressions ?? [];
  return [
    ...errors,
    ...requirements.flatMap((requirement) => requirementErrors(requirement, hard, path)),
    ...conflicts(
      requirements.map(({ scopeName }) => scopeName ?? ''),
      path,
    ),
  ];
}

const validateStatusUpdate = (object: AnyObject): FieldError[] => {
  const { hard, used } = (object.status ?? {}) as ResourceQuotaStatus;
  return [...amounts(hard, 'status.hard'), ...amounts(used, 'status.used')];
};

const COMPUTE = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
const OF_PODS = ['pods', ...COMPUTE];

/** Which resources a scope can narrow. */
const HOLDS: Readonly<Record<string, readonly string[]>> = {
  Terminating: OF_PODS,
  NotTerminating: OF_PODS,
  NotBestEffort: OF_PODS,
  PriorityClass: OF_PODS,
  CrossNamespacePodAffinity: OF_PODS,
  BestEffort: ['pods'],
  VolumeAttributesClass: ['persistentvolumeclaims', 'requests.storage'],
};
const ONLY_EXISTS = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];

const unfit = (scope: string, hard: Amounts = {}): string[] =>
  Object.keys(hard).filter((name) => isStandardQuota(name) && HOLDS[scope]?.includes(name) === false);

const scopeErrors = (scopes: readonly string[], hard: Amounts | undefined, path: string): FieldError[] => [
  ...scopes.flatMap((scope) => [
    ...(HOLDS[scope] ? [] : [fieldError.invalid(path, scopes, 'unsupported scope')]),
    ...unfit(scope, hard).map(() => fieldError.invalid(path, scopes, 'unsupported scope applied to resource')),
  ]),
  ...conflicts(scopes, path),
];

const conflicts = (scopes: readonly string[], path: string): FieldError[] =>
  [
    ['BestEffort', 'NotBestEffort'],
    ['Terminating', 'NotTerminating'],
  ]
    .filter((pair) => pair.every((scope) => scopes.includes(scope)))
    .map(() => fieldError.invalid(path, scopes, 'conflicting scopes'));

function requirementErrors(
  requirement: ScopedResourceSelectorRequirement,
  hard: Amounts | undefined,
  path: string,
): FieldError[] {
  const { operator, values = [] } = requirement;
  const scope: string = requirement.scopeName ?? '';
  const errors = HOLDS[scope] ? [] : [fieldError.invalid(`${path}.scopeName`, scope, 'unsupported scope')];
  errors.push(
    ...unfit(scope, hard).map(() => fieldError.invalid(path, scope, 'unsupported scope applied to resource')),
  );
  if (ONLY_EXISTS.includes(scope) && operator !== 'Exists') {
    const kinds = 'ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort';
    const text = `must be 'Exists' when scope is any of ${kinds}, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`;
    errors.push(fieldError.invalid(`${path}.operator`, operator ?? '', text));
  }
  switch (operator) {
    case 'In':
    case 'NotIn': {
      const text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
      return values.length > 0 ? errors : [...errors, fieldError.required(`${path}.values`, text)];
    }
    case 'Exists':
    case 'DoesNotExist': {
      const text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      return values.length === 0 ? errors : [...errors, fieldError.invalid(`${path}.values`, values, text)];
    }
    default:
      return [...errors, fieldError.invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator')];
  }
}

function validateUpdate(object: AnyObject, old: AnyObject): FieldError[] {
  const set = (list: readonly string[] = []) => [...new Set(list)].sort().join();
  const { scopes } = specOf(object);
  return set(scopes) === set(specOf(old).scopes) ? [] : [fieldError.invalid('spec.scopes', scopes, FIELD_IMMUTABLE)];
}

const PAIRED = ['cpu', 'memory', 'storage', 'ephemeral-storage'];

/** What may be requested should be less than what may be the limit. */
function warnings(object: AnyObject, old: AnyObject | undefined): string[] {
  const { hard = {} } = specOf(object);
  if (old) return [];
  return PAIRED.flatMap((name) => {
    const limited = `limits.${name}`;
    const requested = [`requests.${name}`, ...(COMPUTE.includes(name) ? [name] : [])].find((key) =>
      Object.hasOwn(hard, key),
    );
    const request = requested && hard[requested];
    const limit = hard[limited];
    if (!request || !limit || compareQuantity(parseQuantity(request), parseQuantity(limit)) <= 0) return [];
    return [`ResourceQuota ${requested} (${request}) should be less than ${limited} (${limit})`];
  });
}

export const resourceQuotas: Behaviour = { validate, validateUpdate, validateStatusUpdate, warnings };
