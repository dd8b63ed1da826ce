// What one RBAC rule allows and covers. Matching: pkg/apis/rbac/v1/evaluation_helpers.go; covering:
// k8s.io/component-helpers/auth/rbac/validation/policy_comparator.go.
import type { PolicyRule } from '../../api/types/rbac/v1.ts';
import type { Attributes } from '../identity.ts';

type Rule = Readonly<PolicyRule>;

export function ruleAllows(rule: Rule, attributes: Attributes): boolean {
  if (!holds(rule.verbs, attributes.verb)) return false;
  if (!attributes.isResource) return rule.nonResourceURLs?.some((url) => urlMatches(url, attributes.path)) ?? false;
  return (
    holds(rule.apiGroups, attributes.apiGroup) &&
    resourceMatches(rule.resources, attributes) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(attributes.name))
  );
}

const holds = (values: readonly string[] | undefined, wanted: string): boolean =>
  values !== undefined && (values.includes('*') || values.includes(wanted));

function resourceMatches(resources: readonly string[] | undefined, { resource, subresource }: Attributes): boolean {
  if (!resources) return false;
  if (!subresource) return resources.includes('*') || resources.includes(resource);
  return (
    resources.includes('*') ||
    resources.includes(`${resource}/${subresource}`) ||
    resources.includes(`*/${subresource}`)
  );
}

function urlMatches(rule: string, path: string): boolean {
  if (rule === '*' || rule === path) return true;
  return rule.endsWith('*') && path.startsWith(rule.replace(/\*+$/, ''));
}

/** The parts of `wanted`, each of one verb and one resource or URL, that no rule of `held` covers. */
export function uncoveredRules(held: readonly Rule[], wanted: readonly Rule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((atom) => !held.some((rule) => covers(rule, atom)));
}

function breakDown(rule: Rule): PolicyRule[] {
  const names = rule.resourceNames?.length ? rule.resourceNames.map((name) => ({ resourceNames: [name] })) : [{}];
  const resources = (rule.apiGroups ?? []).flatMap((group) =>
    (rule.resources ?? []).flatMap((resource) =>
      rule.verbs.flatMap((verb) =>
        names.map((name) => ({ apiGroups: [group], resources: [resource], verbs: [verb], ...name })),
      ),
    ),
  );
  const urls = (rule.nonResourceURLs ?? []).flatMap((url) =>
    rule.verbs.map((verb) => ({ nonResourceURLs: [url], verbs: [verb] })),
  );
  return [...resources, ...urls];
}

/** `atom` comes from breakDown. */
function covers(rule: Rule, atom: PolicyRule): boolean {
  const [verb, group, resource, name, url] = [
    atom.verbs[0],
    atom.apiGroups?.[0],
    atom.resources?.[0],
    atom.resourceNames?.[0],
    atom.nonResourceURLs?.[0],
  ];
  if (!holds(rule.verbs, verb as string)) return false;
  if (url !== undefined) return rule.nonResourceURLs?.some((own) => urlMatches(own, url)) ?? false;
  const subresource = resource?.split('/')[1];
  return (
    holds(rule.apiGroups, group as string) &&
    (holds(rule.resources, resource as string) ||
      (subresource !== undefined && (rule.resources?.includes(`*/${subresource}`) ?? false))) &&
    (!rule.resourceNames?.length || (name !== undefined && rule.resourceNames.includes(name)))
  );
}

/**
 * Atoms that differ in their verb only, put together again (pkg/registry/rbac/validation/policy_compact.go); the
 * others as they are.
 */
export function compactRules(atoms: readonly PolicyRule[]): PolicyRule[] {
  const groups = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const atom of atoms) {
    if (!atom.resources) {
      others.push(atom);
      continue;
    }
    const key = JSON.stringify([atom.apiGroups, atom.resources, atom.resourceNames]);
    const same = groups.get(key);
    if (same) same.verbs.push(...atom.verbs);
    else groups.set(key, { ...atom, verbs: [...atom.verbs] });
  }
  return [...others, ...groups.values()];
}

/** {APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}, as Go prints it. */
export function describeRule(rule: Rule): string {
  const parts = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ] as const;
  const shown = parts
    .filter(([, values]) => values?.length)
    .map(([name, values]) => `${name}:${quoteAll(values ?? [])}`);
  return `{${shown.join(', ')}}`;
}

/** Go's %q of a string slice. */
export const quoteAll = (values: readonly string[]): string => `[${values.map((v) => JSON.stringify(v)).join(' ')}]`;
