// What requests a flow schema speaks of: by whom, and to what (pkg/apis/flowcontrol/validation).
import { isDNS1123Label, isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  ServiceAccountSubject,
  Subject,
} from '../types/flowcontrol/v1.ts';
import { invalidEach, required } from '../validation/rules.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const ALL = '*';

type List = readonly string[] | null | undefined;

export function ruleErrors(rule: PolicyRulesWithSubjects, path: string): FieldError[] {
  const subjects = rule.subjects ?? [];
  const { resourceRules = [], nonResourceRules = [] } = rule;
  const errors =
    subjects.length === 0
      ? [fieldError.required(`${path}.subjects`, 'subjects must contain at least one value')]
      : subjects.flatMap((subject, i) => subjectErrors(subject, `${path}.subjects[${i}]`));
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    const text = 'at least one of resourceRules and nonResourceRules has to be non-empty';
    errors.push(fieldError.required(path, text));
  }
  return [
    ...errors,
    ...resourceRules.flatMap((resource, i) => resourceErrors(resource, `${path}.resourceRules[${i}]`)),
    ...nonResourceRules.flatMap((urls, i) => urlErrors(urls, `${path}.nonResourceRules[${i}]`)),
  ];
}

const SUBJECTS = { Group: 'group', ServiceAccount: 'serviceAccount', User: 'user' } as const;
type SubjectKind = keyof typeof SUBJECTS;

function subjectErrors(subject: Subject, path: string): FieldError[] {
  const { kind } = subject;
  if (!Object.hasOwn(SUBJECTS, kind)) {
    return [fieldError.notSupported(`${path}.kind`, kind, Object.keys(SUBJECTS))];
  }
  return Object.entries(SUBJECTS).flatMap(([other, field]) => {
    const at = `${path}.${field}`;
    const value = subject[field];
    if (other !== kind) {
      const text = `${field} is forbidden when subject kind is not '${other}'`;
      return value ? [fieldError.forbidden(at, text)] : [];
    }
    if (!value) return [fieldError.required(at, `${field} is required when subject kind is '${other}'`)];
    return (kind as SubjectKind) === 'ServiceAccount'
      ? accountErrors(value as ServiceAccountSubject, at)
      : required(value.name, `${at}.name`);
  });
}

function accountErrors({ name, namespace }: ServiceAccountSubject, path: string): FieldError[] {
  const errors = required(name, `${path}.name`);
  if (name && name !== ALL) errors.push(...invalidEach(`${path}.name`, name, isDNS1123Subdomain(name)));
  if (!namespace)
    return [...errors, fieldError.required(`${path}.namespace`, 'must specify namespace for service account')];
  return [...errors, ...invalidEach(`${path}.namespace`, namespace, isDNS1123Label(namespace))];
}

/** A list that may be everything, but then nothing else. */
function wholeOrList(list: List, path: string, { what, missing }: { what: string; missing: string }): FieldError[] {
  const values = list ?? [];
  if (values.length === 0) return [fieldError.required(path, missing)];
  return values.includes(ALL) && values.length > 1
    ? [fieldError.invalid(path, values, `if '*' is present, must not specify other ${what}`)]
    : [];
}

function verbErrors(list: List, path: string): FieldError[] {
  const errors = wholeOrList(list, path, { what: 'verbs', missing: 'verbs must contain at least one value' });
  const verbs = list ?? [];
  const known = verbs.includes(ALL) || verbs.every((verb) => VERBS.includes(verb));
  return known ? errors : [...errors, fieldError.notSupported(path, verbs, VERBS)];
}

function resourceErrors(rule: ResourcePolicyRule, path: string): FieldError[] {
  const { verbs, apiGroups, resources, clusterScope } = rule;
  const namespaces: readonly string[] = rule.namespaces ?? [];
  const errors = [
    ...verbErrors(verbs, `${path}.verbs`),
    ...wholeOrList(apiGroups, `${path}.apiGroups`, {
      what: 'api groups',
      missing: 'resource rules must supply at least one api group',
    }),
    ...wholeOrList(resources, `${path}.resources`, {
      what: 'resources',
      missing: 'resource rules must supply at least one resource',
    }),
  ];
  if (namespaces.length === 0 && clusterScope) return errors;
  errors.push(
    ...wholeOrList(namespaces, `${path}.namespaces`, {
      what: 'namespaces',
      missing: 'resource rules that are not cluster scoped must supply at least one namespace',
    }),
  );
  if (namespaces.includes(ALL)) return errors;
  const intro = "each member of this list must be '*' or a DNS-1123 label; ";
  for (const [i, namespace] of namespaces.entries()) {
    const problems = isDNS1123Label(namespace).map((text) => intro + text);
    errors.push(...invalidEach(`${path}.namespaces[${i}]`, namespace, problems));
  }
  return errors;
}

function urlErrors({ verbs, nonResourceURLs }: NonResourcePolicyRule, path: string): FieldError[] {
  const at = `${path}.nonResourceURLs`;
  const urls = nonResourceURLs ?? [];
  const errors = [
    ...verbErrors(verbs, `${path}.verbs`),
    ...wholeOrList(urls, at, {
      what: 'non-resource URLs',
      missing: 'nonResourceURLs must contain at least one value',
    }),
  ];
  if (urls.includes(ALL)) return errors;
  return [...errors, ...urls.flatMap((url, i) => invalidEach(`${at}[${i}]`, url, urlProblem(url)))];
}

function urlProblem(url: string): string[] {
  if (url === '') return ['must not be empty'];
  if (!url.startsWith('/')) return ['must start with slash'];
  if (url.includes(' ')) return ['must not contain white-space'];
  if (url.includes('//')) return ['must not contain double slash'];
  const stars = url.split(ALL).length - 1;
  return stars > 1 || (stars === 1 && !url.endsWith('/*')) ? ['wildcard can only do suffix matching'] : [];
}
