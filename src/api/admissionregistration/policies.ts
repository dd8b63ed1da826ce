// Admission policies and their bindings (pkg/apis/admissionregistration/validation).
import { JsonPathError, parseJsonPath } from '../../apimachinery/json-path-parser.ts';
import type { AnyObject, LabelSelector } from '../../apimachinery/meta.ts';
import { isDNS1035Label, isDNS1123Subdomain, isPathSegmentName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { DYN, type Type } from '../../cel/types.ts';
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
  APPLIED,
  compileExpression,
  expressionErrors,
  JSON_PATCHES,
  type PolicyScope,
  policyEnvironment,
  variableType,
} from './expressions.ts';
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
function policyErrors(spec: PolicySpec, path: string): { errors: FieldError[]; scope: PolicyScope } {
  const { paramKind, matchConstraints, matchConditions = [], variables = [] } = spec;
  const errors = oneOf(spec.failurePolicy, FAILURE_POLICIES, `${path}.failurePolicy`);
  if (paramKind) errors.push(...paramKindErrors(paramKind, `${path}.paramKind`));
  const at = `${path}.matchConstraints`;
  if (!matchConstraints) errors.push(fieldError.required(at));
  else {
    errors.push(...matchResourcesErrors(matchConstraints, at));
    if (!matchConstraints.resourceRules?.length) errors.push(fieldError.required(`${at}.resourceRules`));
  }
  const hasParams = paramKind !== undefined;
  errors.push(...conditionErrors(matchConditions, `${path}.matchConditions`, { hasParams }));
  const known = new Map<string, Type>();
  const scope: PolicyScope = { hasParams, hasAuthorizer: true, variables: known };
  for (const [i, variable] of variables.entries()) {
    errors.push(...variableErrors(variable, { path: `${path}.variables[${i}]`, scope, known }));
  }
  return { errors, scope };
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

interface VariablePlace {
  path: string;
  scope: PolicyScope;
  /** What comes before, and this one from now on. */
  known: Map<string, Type>;
}

function variableErrors({ name = '', expression = '' }: Variable, { path, scope, known }: VariablePlace): FieldError[] {
  const errors: FieldError[] = [];
  if (!name.trim()) errors.push(fieldError.required(`${path}.name`, 'name is not specified'));
  else if (!IDENTIFIER.test(name) || RESERVED.split(' ').includes(name)) {
    errors.push(fieldError.invalid(`${path}.name`, name, 'must be a valid CEL identifier'));
  }
  const field = `${path}.expression`;
  if (!expression.trim()) return [...errors, fieldError.required(field, 'expression is not specified')];
  const environment = policyEnvironment(scope);
  errors.push(...expressionErrors(expression, field, { environment }));
  const compiled = compileExpression(expression, environment);
  known.set(name, compiled.program ? variableType(compiled.type) : DYN);
  return errors;
}

export const validatingAdmissionPolicies: Behaviour = {
  validate(object) {
    const spec = (object.spec ?? {}) as PolicySpec;
    const { validations = [], auditAnnotations = [] } = spec;
    const { errors, scope: composed } = policyErrors(spec, 'spec');
    // Without variables there is nothing of that name.
    const { variables: _none, ...plain } = composed;
    const scope = spec.variables?.length ? composed : plain;
    if (validations.length === 0 && auditAnnotations.length === 0) {
      const text = 'validations or auditAnnotations must contain at least one item';
      return [...errors, ...['validations', 'auditAnnotations'].map((f) => fieldError.required(`spec.${f}`, text))];
    }
    return [
      ...errors,
      ...validations.flatMap((validation, i) => validationErrors(validation, `spec.validations[${i}]`, scope)),
      ...auditAnnotationErrors(auditAnnotations, 'spec.auditAnnotations', {
        policy: object.metadata.name ?? '',
        scope,
      }),
    ];
  },
  validateStatusUpdate(object) {
    const { typeChecking, conditions = [] } = (object.status ?? {}) as Partial<ValidatingAdmissionPolicyStatus>;
    const path = 'status.typeChecking.expressionWarnings';
    return [
      ...(typeChecking?.expressionWarnings ?? []).flatMap(({ warning, fieldRef = '' }, i) => [
        ...required(warning, `${path}[${i}].warning`),
        ...fieldRefErrors(fieldRef.trim(), `${path}[${i}].fieldRef`),
      ]),
      ...validateConditions(conditions as Condition[], 'status.conditions'),
    ];
  },
};

function fieldRefErrors(path: string, field: string): FieldError[] {
  if (!path) return [fieldError.required(field)];
  try {
    parseJsonPath(path);
    return [];
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    return [fieldError.invalid(field, path, `invalid JSONPath: ${error.message}`)];
  }
}

const PATCHES = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const;

function mutationErrors(mutation: Mutation, path: string, scope: PolicyScope): FieldError[] {
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
    const text = patch.expression?.trim() ?? '';
    const environment = policyEnvironment({ ...scope, hasPatches: true });
    const returns = type === 'JSONPatch' ? JSON_PATCHES : APPLIED;
    const given = `${at}.expression`;
    return text ? expressionErrors(text, given, { environment, returns }) : [fieldError.required(given)];
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
    const { errors, scope } = policyErrors(spec, 'spec');
    return [
      ...errors,
      ...mutatingOperationErrors(spec.matchConstraints, 'spec.matchConstraints'),
      ...(mutations.length === 0
        ? [fieldError.required('spec.mutations', 'mutations must contain at least one item')]
        : mutations.flatMap((mutation, i) => mutationErrors(mutation, `spec.mutations[${i}]`, scope))),
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
  return [...errors, ...requiredOneOf(action, ['Deny', 'Allow'], `${path}.parameterNotFoundAction`)];
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
