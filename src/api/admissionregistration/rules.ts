// Which requests a webhook or a policy hears of (pkg/apis/admissionregistration/validation).
import type { LabelSelector } from '../../apimachinery/meta.ts';
import { isPathSegmentName, isQualifiedName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { MatchCondition, MatchResources, NamedRuleWithOperations } from '../types/admissionregistration/v1.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { duplicates, invalidEach, oneOf } from '../validation/rules.ts';
import { CONDITION, expressionErrors, policyEnvironment } from './expressions.ts';

const ALL = '*';
const OPERATIONS = [ALL, 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = [ALL, 'Cluster', 'Namespaced'];
export const FAILURE_POLICIES = ['Fail', 'Ignore'];
export const MATCH_POLICIES = ['Equivalent', 'Exact'];
export const REINVOCATIONS = ['IfNeeded', 'Never'];
const MAX_CONDITIONS = 64;

type Rule = NamedRuleWithOperations;
type List = readonly string[];

/** A list that may be everything, but then nothing else. */
const wholeOrList = (list: List, path: string, what: string): FieldError[] => [
  ...(list.length === 0 ? [fieldError.required(path)] : []),
  ...(list.length > 1 && list.includes(ALL)
    ? [fieldError.invalid(path, list, `if '*' is present, must not specify other ${what}`)]
    : []),
];

export function ruleErrors(rule: Rule, path: string): FieldError[] {
  const operations: List = rule.operations ?? [];
  const versions: List = rule.apiVersions ?? [];
  return [
    ...wholeOrList(operations, `${path}.operations`, 'operations'),
    ...operations.flatMap((operation, i) => oneOf(operation, OPERATIONS, `${path}.operations[${i}]`)),
    ...wholeOrList(rule.apiGroups ?? [], `${path}.apiGroups`, 'API groups'),
    ...wholeOrList(versions, `${path}.apiVersions`, 'API versions'),
    ...versions.flatMap((version, i) => (version ? [] : [fieldError.required(`${path}.apiVersions[${i}]`)])),
    ...resourceErrors(rule.resources ?? [], `${path}.resources`),
    ...(rule.scope === undefined ? [] : oneOf(rule.scope, SCOPES, `${path}.scope`)),
  ];
}

/** Resources and their subresources; a wildcard must not be followed by what it covers. */
function resourceErrors(resources: List, path: string): FieldError[] {
  const errors: FieldError[] = resources.length === 0 ? [fieldError.required(path)] : [];
  const seen = new Set<string>();
  // As upstream: the last resource without a subresource decides.
  let bare = false;
  for (const [i, text] of resources.entries()) {
    const at = `${path}[${i}]`;
    const slash = text.indexOf('/');
    if (text === '') errors.push(fieldError.required(at));
    else if (slash < 0) bare = text !== ALL;
    else {
      const covering = [`${text.slice(0, slash)}/*`, `*/${text.slice(slash + 1)}`].filter((wild) => seen.has(wild));
      for (const wild of covering) {
        errors.push(fieldError.invalid(at, text, `if '${wild}' is present, must not specify ${text}`));
      }
      seen.add(text);
    }
  }
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(fieldError.invalid(path, resources, "if '*/*' is present, must not specify other resources"));
  }
  if (resources.includes(ALL) && bare) {
    const text = "if '*' is present, must not specify other resources without subresources";
    errors.push(fieldError.invalid(path, resources, text));
  }
  return errors;
}

function namedRuleErrors(rule: Rule, path: string): FieldError[] {
  const at = `${path}.resourceNames`;
  const names: List = rule.resourceNames ?? [];
  return [
    ...names.flatMap((name, i) => invalidEach(`${at}[${i}]`, name, isPathSegmentName(name))),
    ...duplicates(
      names,
      (name) => `/${name}`,
      (i, key) => fieldError.duplicate(`${at}[${i}]`, key.slice(1)),
    ),
    ...ruleErrors(rule, path),
  ];
}

export function matchResourcesErrors(match: MatchResources, path: string): FieldError[] {
  const { matchPolicy, resourceRules = [], excludeResourceRules = [] } = match;
  return [
    ...oneOf(matchPolicy, MATCH_POLICIES, `${path}.matchPolicy`),
    ...validateLabelSelector(match.namespaceSelector as LabelSelector | undefined, `${path}.namespaceSelector`),
    ...validateLabelSelector(match.objectSelector as LabelSelector | undefined, `${path}.objectSelector`),
    ...resourceRules.flatMap((rule, i) => namedRuleErrors(rule, `${path}.resourceRules[${i}]`)),
    ...excludeResourceRules.flatMap((rule, i) => namedRuleErrors(rule, `${path}.excludeResourceRules[${i}]`)),
  ];
}

/** A policy that changes objects has nothing to change in a deletion. */
export const mutatingOperationErrors = (match: MatchResources | undefined, path: string): FieldError[] =>
  (match?.resourceRules ?? [])
    .flatMap(({ operations }): List => operations ?? [])
    .flatMap((operation) =>
      oneOf(
        operation,
        OPERATIONS.filter((other) => other !== 'DELETE'),
        `${path}.resourceRules.operations`,
      ),
    );

export function conditionErrors(
  conditions: readonly MatchCondition[],
  path: string,
  options: { hasParams: boolean },
): FieldError[] {
  const environment = policyEnvironment({ ...options, hasAuthorizer: true });
  const errors =
    conditions.length > MAX_CONDITIONS ? [fieldError.tooMany(path, conditions.length, MAX_CONDITIONS)] : [];
  for (const [i, { name, expression = '' }] of conditions.entries()) {
    const at = `${path}[${i}]`;
    const text = expression.trim();
    const field = `${at}.expression`;
    if (!text) errors.push(fieldError.required(field));
    else errors.push(...expressionErrors(text, field, { environment, returns: CONDITION }));
    if (name) errors.push(...invalidEach(`${at}.name`, name, isQualifiedName(name)));
    else errors.push(fieldError.required(`${at}.name`));
  }
  const names = duplicates(
    conditions,
    ({ name }) => name,
    (i, name) => fieldError.duplicate(`${path}[${i}].name`, name),
  );
  return [...errors, ...names];
}
