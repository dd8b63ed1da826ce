// Roles and their bindings, after pkg/apis/rbac/validation.
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject, LabelSelector } from '../../apimachinery/meta.ts';
import { isDNS1123Subdomain, isPathSegmentName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { PolicyRule, RoleRef, Subject } from '../types/rbac/v1.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { invalidEach } from '../validation/rules.ts';

const GROUP = 'rbac.authorization.k8s.io';

const rulesErrors = (object: AnyObject, namespaced: boolean): FieldError[] =>
  ((object.rules ?? []) as PolicyRule[]).flatMap((rule, i) => ruleErrors(rule, namespaced, `rules[${i}]`));

function ruleErrors(rule: PolicyRule, namespaced: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!rule.verbs?.length) errors.push(fieldError.required(`${path}.verbs`, 'verbs must contain at least one value'));
  if (rule.nonResourceURLs?.length) {
    const urls = rule.nonResourceURLs;
    if (namespaced) {
      errors.push(
        fieldError.invalid(`${path}.nonResourceURLs`, urls, 'namespaced rules cannot apply to non-resource URLs'),
      );
    }
    if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
      const text = 'rules cannot apply to both regular resources and non-resource URLs';
      errors.push(fieldError.invalid(`${path}.nonResourceURLs`, urls, text));
    }
    return errors;
  }
  if (!rule.apiGroups?.length) {
    errors.push(fieldError.required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  }
  if (!rule.resources?.length) {
    errors.push(fieldError.required(`${path}.resources`, 'resource rules must supply at least one resource'));
  }
  return errors;
}

interface Binding {
  roleRef?: RoleRef;
  subjects?: Subject[];
}

function bindingErrors(object: AnyObject, roleKinds: readonly string[], namespaced: boolean): FieldError[] {
  const { roleRef, subjects = [] } = object as AnyObject & Binding;
  const { apiGroup = '', kind = '', name = '' } = roleRef ?? {};
  const errors: FieldError[] = [];
  if (apiGroup !== GROUP) errors.push(fieldError.notSupported('roleRef.apiGroup', apiGroup, [GROUP]));
  if (!roleKinds.includes(kind)) errors.push(fieldError.notSupported('roleRef.kind', kind, roleKinds));
  if (name) errors.push(...invalidEach('roleRef.name', name, isPathSegmentName(name)));
  else errors.push(fieldError.required('roleRef.name'));
  return [...errors, ...subjects.flatMap((subject, i) => subjectErrors(subject, namespaced, `subjects[${i}]`))];
}

function subjectErrors(
  { kind, name = '', namespace = '', apiGroup = '' }: Subject,
  namespaced: boolean,
  path: string,
): FieldError[] {
  const errors = name ? [] : [fieldError.required(`${path}.name`)];
  switch (kind) {
    case 'ServiceAccount':
      if (name) errors.push(...invalidEach(`${path}.name`, name, isDNS1123Subdomain(name)));
      if (apiGroup) errors.push(fieldError.notSupported(`${path}.apiGroup`, apiGroup, ['']));
      if (!namespaced && !namespace) errors.push(fieldError.required(`${path}.namespace`));
      return errors;
    case 'User':
    case 'Group':
      if (apiGroup !== GROUP) errors.push(fieldError.notSupported(`${path}.apiGroup`, apiGroup, [GROUP]));
      return errors;
    default:
      return [...errors, fieldError.notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  }
}

/** A binding to another role is another grant: it must be made anew. */
function roleRefChange(object: AnyObject & Binding, old: AnyObject): FieldError[] {
  if (isDeepStrictEqual(object.roleRef, old.roleRef)) return [];
  const { apiGroup = '', kind = '', name = '' } = object.roleRef ?? {};
  // Told with the names of Go's internal type, which has none for JSON.
  return [fieldError.invalid('roleRef', { APIGroup: apiGroup, Kind: kind, Name: name }, 'cannot change roleRef')];
}

/** Upstream checks a selector, and then whether it can be used. */
function selectorErrors(selector: LabelSelector, path: string): FieldError[] {
  const errors = validateLabelSelector(selector, path);
  return errors.length > 0 ? [...errors, fieldError.invalid(path, selector, 'invalid label selector.')] : [];
}

export const roles: Behaviour = { validate: (object) => rulesErrors(object, true) };

export const clusterRoles: Behaviour = {
  validate(object) {
    const { clusterRoleSelectors: selectors } = (object.aggregationRule ?? {}) as { clusterRoleSelectors?: object[] };
    const path = 'aggregationRule.clusterRoleSelectors';
    const errors = rulesErrors(object, false);
    if (!object.aggregationRule) return errors;
    if (!selectors?.length) {
      return [
        ...errors,
        fieldError.required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'),
      ];
    }
    return [...errors, ...selectors.flatMap((selector, i) => selectorErrors(selector, `${path}[${i}]`))];
  },
};

export const roleBindings: Behaviour = {
  validate: (object) => bindingErrors(object, ['Role', 'ClusterRole'], true),
  validateUpdate: roleRefChange,
};

export const clusterRoleBindings: Behaviour = {
  validate: (object) => bindingErrors(object, ['ClusterRole'], false),
  validateUpdate: roleRefChange,
};
