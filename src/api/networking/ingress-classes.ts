// IngressClasses: the controller is for good, parameters are of the cluster or of one namespace
// (pkg/apis/networking/validation ValidateIngressClass).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Label } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { IngressClassParametersReference, IngressClassSpec } from '../types/networking/v1.ts';
import { immutable } from '../validation/change.ts';
import { domainPrefixedPath } from '../validation/domain.ts';
import { invalidEach, oneOf } from '../validation/rules.ts';
import { referenceErrors } from './references.ts';

const MAX_CONTROLLER = 250;
const specOf = (object: AnyObject): IngressClassSpec => (object.spec ?? {}) as IngressClassSpec;

function parameterErrors(parameters: IngressClassParametersReference, path: string): FieldError[] {
  const errors = referenceErrors(parameters, path);
  const { scope, namespace } = parameters;
  if (scope === undefined) return [...errors, fieldError.required(`${path}.scope`)];
  errors.push(...oneOf(scope, ['Cluster', 'Namespace'], `${path}.scope`));
  const at = `${path}.namespace`;
  if (scope === 'Namespace') {
    if (namespace === undefined) errors.push(fieldError.required(at, "`parameters.scope` is set to 'Namespace'"));
    else errors.push(...invalidEach(at, namespace, isDNS1123Label(namespace)));
  } else if (scope === 'Cluster' && namespace !== undefined) {
    errors.push(fieldError.forbidden(at, "`parameters.scope` is set to 'Cluster'"));
  }
  return errors;
}

export const ingressClasses: Behaviour = {
  validate(object) {
    const { controller = '', parameters } = specOf(object);
    return [
      ...(controller.length > MAX_CONTROLLER ? [fieldError.tooLong('spec.controller', MAX_CONTROLLER)] : []),
      ...domainPrefixedPath(controller, 'spec.controller'),
      ...(parameters ? parameterErrors(parameters, 'spec.parameters') : []),
    ];
  },
  validateUpdate: (object, old) => immutable(specOf(object).controller, specOf(old).controller, 'spec.controller'),
};
