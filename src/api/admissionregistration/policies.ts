// Admission policies and their bindings, but for their expressions, which are compiled where there is a compiler
// (pkg/apis/admissionregistration/validation).
import type { AnyObject, LabelSelector } from '../../apimachinery/meta.ts';
import { isDNS1035Label, isDNS1123Subdomain, isPathSegmentName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type {
  MutatingAdmissionPolicyBindingSpec,
  MutatingAdmissionPolicySpec,
  Mutation,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicyBindingSpec,
  ValidatingAdmissionPolicySpec,
  ValidatingAdmissionPolicyStatus,
  Variable,
} from '../types/admissionregistration/v1.ts';
import { type Condition, validateConditions } from '../validation/conditions.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { duplicates, invalidEach, oneOf, required, requiredOneOf } from '../validation/rules.ts';
import {
  conditionErrors,
  FAILURE_POLICIES,
  matchResourcesErrors,
  mutatingOperationErrors,
  REINVOCATIONS,
} from './rules.ts';
import { auditAnnotationErrors, validationErrors } from './validations.ts';

type PolicySpec = Partial<ValidatingAdmissionPolicySpec & MutatingAdmissionPolicySpec>;
type BindingSpec = Partial<ValidatingAdmissionPolicyBindingSpec & MutatingAdmissionPolicyBindingSpec>;

/** What policies of both kinds say. */
function policyErrors(spec: PolicySpec, path: string): FieldError[] {
  const { paramKind, matchConstraints, matchConditions = [], variables = [] } = spec;
  const errors = oneOf(spec.failurePolicy, FAILURE_POLICIES, `${path}.failurePolicy`);
  if (paramKind) errors.push(...paramKindErrors(paramKind, `${path}.paramKind`));
  const at = `${path}.matchConstraints`;
  if (!matchConstraints) errors.push(fieldError.required(at));
  else {
    errors.push(...matchResourcesErrors(matchConstraints, at));
    if (!matchConstraints.resourceRules?.length) errors.push(fieldError.required(`${at}.resourceRules`));
  }
  errors.push(...conditionErrors(matchConditions, `${path}.matchConditions`));
  return [...errors, ...variables.flatMap((variable, i) => variableErrors(variable, `${path}.variables[${i}]`))];
}

function paramKindErrors({ apiVersion = '', kind = '' }: ParamKind, path: string): FieldError[] {
  const invalid = (value: string, text: string) => [fieldError.invalid(`${path}.apiVersion`, value, text)];
  const errors: FieldError[] = [];
  const parts = apiVersion.split('/');
  const [version = '', group = ''] = parts.toReversed();
  if (!apiVersion) errors.push(fieldError.required(`${path}.apiVersion`));
  else if (parts.length > 2) errors.push(...invalid(apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else {
    const groupProblems = group ? isDNS1123Subdomain(group) : [];
    if (groupProblems.length > 0) errors.push(...invalid(group, groupProblems.join(',')));
    const versionProblems = version ? isDNS1035Label(version) : ['version must be specified'];
    if (versionProblems.length > 0) errors.push(...invalid(version || apiVersion, versionProblems.join(',')));
  }
  if (!kind) return [...errors, fieldError.required(`${path}.kind`)];
  const problems = isDNS1035Label(kind.toLowerCase());
  if (problems.length === 0) return errors;
  const text = `may have mixed case, but should otherwise match: ${problems.join(',')}`;
  return [...errors, fieldError.invalid(`${path}.kind`, kind, text)];
}

const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const RESERVED =
  'true false null in as break const continue else for function if import let loop package namespace return var void while';

function variableErrors({ name = '', expression = '' }: Variable, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!name.trim()) errors.push(fieldError.required(`${path}.name`, 'name is not specified'));
  else if (!IDENTIFIER.test(name) || RESERVED.split(' ').includes(name)) {
    errors.push(fieldError.invalid(`${path}.name`, name, 'must be a valid CEL identifier'));
  }
  if (expression.trim()) return errors;
  return [...errors, fieldError.required(`${path}.expression`, 'expression is not specified')];
}

export const validatingAdmissionPolicies: Behaviour = {
  validate(object) {
    const spec = (object.spec ?? {}) as PolicySpec;
    const { validations = [], auditAnnotations = [] } = spec;
    const errors = policyErrors(spec, 'spec');
    if (validations.length === 0 && auditAnnotations.length === 0) {
      const text = 'validations or auditAnnotations must contain at least one item';
      return [...errors, ...['validations', 'auditAnnotations'].map((f) => fieldError.required(`spec.${f}`, text))];
    }
    return [
      ...errors,
      ...validations.flatMap((validation, i) => validationErrors(validation, `spec.validations[${i}]`)),
      ...auditAnnotationErrors(auditAnnotations, object.metadata.name ?? '', 'spec.auditAnnotations'),
    ];
  },
  validateStatusUpdate(object) {
    const { typeChecking, conditions = [] } = (object.status ?? {}) as Partial<ValidatingAdmissionPolicyStatus>;
    const path = 'status.typeChecking.expressionWarnings';
    return [
      ...(typeChecking?.expressionWarnings ?? []).flatMap(({ warning, fieldRef = '' }, i) => [
        ...required(warning, `${path}[${i}].warning`),
        ...required(fieldRef.trim(), `${path}[${i}].fieldRef`),
      ]),
      ...validateConditions(conditions as Condition[], 'status.conditions'),
    ];
  },
};

const PATCHES = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const;

function mutationErrors(mutation: Mutation, path: string): FieldError[] {
  const { patchType } = mutation;
  const known = Object.keys(PATCHES);
  if (!known.includes(patchType)) return requiredOneOf(patchType, known, `${path}.patchType`);
  return Object.entries(PATCHES).flatMap(([type, field]) => {
    const patch = mutation[field];
    const at = `${path}.${field}`;
    if (type !== patchType) {
      const text = `must not be specified when patchType is ${patchType}`;
      return patch ? [fieldError.invalid(at, `{${field}}`, text)] : [];
    }
    if (!patch) return [fieldError.required(at, `must be specified when patchType is ${patchType}`)];
    return required(patch.expression?.trim(), `${at}.expression`);
  });
}

/** Both versions are stored as the older one, as a server before 1.36 must read them. */
const stored = { group: 'admissionregistration.k8s.io', version: 'v1beta1' } as const;
const asVersion =
  (version: string) =>
  (object: AnyObject): AnyObject => ({ ...object, apiVersion: `${stored.group}/${version}` });

const conversion = (resource: string): Behaviour => ({
  storage: { ...stored, resource },
  toStorage: asVersion('v1beta1'),
  fromStorage: asVersion('v1'),
});

export const mutatingAdmissionPolicies: Behaviour = {
  ...conversion('mutatingadmissionpolicies'),
  validate(object) {
    const spec = (object.spec ?? {}) as PolicySpec;
    const { mutations = [], reinvocationPolicy } = spec;
    return [
      ...policyErrors(spec, 'spec'),
      ...mutatingOperationErrors(spec.matchConstraints, 'spec.matchConstraints'),
      ...(mutations.length === 0
        ? [fieldError.required('spec.mutations', 'mutations must contain at least one item')]
        : mutations.flatMap((mutation, i) => mutationErrors(mutation, `spec.mutations[${i}]`))),
      ...requiredOneOf(reinvocationPolicy, REINVOCATIONS, 'spec.reinvocationPolicy'),
    ];
  },
};

function bindingErrors({ policyName, paramRef, matchResources }: BindingSpec, path: string): FieldError[] {
  const at = `${path}.policyName`;
  return [
    ...(policyName ? invalidEach(at, policyName, isDNS1123Subdomain(policyName)) : [fieldError.required(at)]),
    ...(paramRef ? paramRefErrors(paramRef, `${path}.paramRef`) : []),
    ...(matchResources ? matchResourcesErrors(matchResources, `${path}.matchResources`) : []),
  ];
}

function paramRefErrors({ name, selector, parameterNotFoundAction: action }: ParamRef, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const exclusive = 'name and selector are mutually exclusive';
  if (name) errors.push(...invalidEach(`${path}.name`, name, isPathSegmentName(name)));
  if (name && selector) errors.push(fieldError.forbidden(`${path}.name`, exclusive));
  errors.push(...validateLabelSelector(selector as LabelSelector | undefined, `${path}.selector`));
  if (name && selector) errors.push(fieldError.forbidden(`${path}.selector`, exclusive));
  if (!name && !selector) errors.push(fieldError.required(path, 'one of name or selector must be specified'));
  return [...errors, ...requiredOneOf(action, ['Allow', 'Deny'], `${path}.parameterNotFoundAction`)];
}

const ACTIONS = ['Audit', 'Deny', 'Warn'];

function actionErrors(actions: readonly string[], path: string): FieldError[] {
  if (actions.length === 0) return [fieldError.required(path, 'at least one validation action is required')];
  const errors = [
    ...actions.flatMap((action, i) => oneOf(action, ACTIONS, `${path}[${i}]`)),
    ...duplicates(
      actions,
      (action) => `/${action}`,
      (i, key) => fieldError.duplicate(`${path}[${i}]`, key.slice(1)),
    ),
  ];
  if (!actions.includes('Deny') || !actions.includes('Warn')) return errors;
  const text =
    'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
  return [...errors, fieldError.invalid(path, actions, text)];
}

export const validatingAdmissionPolicyBindings: Behaviour = {
  validate(object) {
    const spec = (object.spec ?? {}) as BindingSpec;
    return [...bindingErrors(spec, 'spec'), ...actionErrors(spec.validationActions ?? [], 'spec.validationActions')];
  },
};

export const mutatingAdmissionPolicyBindings: Behaviour = {
  ...conversion('mutatingadmissionpolicybindings'),
  validate(object) {
    const spec = (object.spec ?? {}) as BindingSpec;
    return [...bindingErrors(spec, 'spec'), ...mutatingOperationErrors(spec.matchResources, 'spec.matchResources')];
  },
};
