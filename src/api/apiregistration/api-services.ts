// APIServices: who serves a version of a group, the server itself or a Service (kube-aggregator
// pkg/apis/apiregistration/validation, pkg/registry/apiservice).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1035Label, isDNS1123Subdomain, isValidPortNum, nameIsPathSegment } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { APIServiceSpec, APIServiceStatus } from '../types/apiregistration/v1.ts';
import { invalidEach, oneOf, required } from '../validation/rules.ts';

const MAX_GROUP_PRIORITY = 20_000;
const MAX_VERSION_PRIORITY = 1000;

const specOf = (object: AnyObject): Partial<APIServiceSpec> => (object.spec ?? {}) as Partial<APIServiceSpec>;

function validate(object: AnyObject): FieldError[] {
  const spec = specOf(object);
  const { group = '', version = '' } = spec;
  const errors = nameErrors(object, `${version}.${group}`);
  if (group) errors.push(...invalidEach('spec.group', group, isDNS1123Subdomain(group)));
  else if (version !== 'v1') {
    const text = 'only v1 may have an empty group and it better be legacy kube';
    errors.push(fieldError.required('spec.group', text));
  }
  errors.push(...invalidEach('spec.version', version, isDNS1035Label(version)));
  errors.push(...priority(spec.groupPriorityMinimum, MAX_GROUP_PRIORITY, 'spec.groupPriorityMinimum'));
  errors.push(...priority(spec.versionPriority, MAX_VERSION_PRIORITY, 'spec.versionPriority'));
  return [...errors, ...serverErrors(spec)];
}

/** A name is version and group, also where it was to be generated. */
const nameErrors = ({ metadata }: AnyObject, wanted: string): FieldError[] =>
  (['generateName', 'name'] as const).flatMap((field) => {
    const name = metadata[field];
    // The rule of all names has its say first.
    if (!name || name === wanted || nameIsPathSegment(name, false).length > 0) return [];
    const text = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`;
    return [fieldError.invalid(`metadata.${field}`, name, text)];
  });

const priority = (value = 0, max: number, path: string): FieldError[] =>
  value > 0 && value <= max ? [] : [fieldError.invalid(path, value, `must be positive and less than ${max}`)];

function serverErrors({ service, caBundle, insecureSkipTLSVerify }: Partial<APIServiceSpec>): FieldError[] {
  const errors: FieldError[] = [];
  const skip = 'spec.insecureSkipTLSVerify';
  if (!service) {
    const local = (what: string) => `local APIServices may not ${what}`;
    if (caBundle) errors.push(fieldError.invalid('spec.caBundle', '<bytes>', local('have a caBundle')));
    if (insecureSkipTLSVerify) errors.push(fieldError.invalid(skip, true, local('have insecureSkipTLSVerify')));
    return errors;
  }
  errors.push(...required(service.namespace, 'spec.service.namespace'));
  errors.push(...required(service.name, 'spec.service.name'));
  const problems = isValidPortNum(service.port ?? 0);
  if (problems.length > 0) {
    const text = `port is not valid: ${problems.join(', ')}`;
    errors.push(fieldError.invalid('spec.service.port', service.port ?? 0, text));
  }
  if (!insecureSkipTLSVerify || !caBundle) return errors;
  return [...errors, fieldError.invalid(skip, true, 'may not be true if caBundle is present')];
}

export const apiServices: Behaviour = {
  validateName: nameIsPathSegment,
  prepareForCreate(object, { now }) {
    if (specOf(object).service) return;
    const condition = {
      type: 'Available',
      status: 'True',
      lastTransitionTime: `${new Date(now).toISOString().slice(0, 19)}Z`,
      reason: 'Local',
      message: 'Local APIServices are always available',
    };
    object.status = { conditions: [condition] };
  },
  validate,
  validateStatusUpdate: (object) =>
    (((object.status ?? {}) as APIServiceStatus).conditions ?? []).flatMap(({ status }, i) =>
      oneOf(status, ['True', 'False', 'Unknown'], `status.conditions[${i}].status`),
    ),
};
