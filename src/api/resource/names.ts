// Names in device requests and offers, and lists of bounded length (pkg/apis/resource/validation).
import { isCIdentifier, isDNS1123Label, isDNS1123Subdomain, isQualifiedName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { driverName } from '../validation/driver-name.ts';
import { duplicates, invalidEach } from '../validation/rules.ts';

const MAX_POOL_NAME = 253;
const MAX_ID = 32;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const label = (name: string | undefined, path: string): FieldError[] =>
  invalidEach(path, name ?? '', isDNS1123Label(name ?? ''));

export const subdomain = (name: string, path: string): FieldError[] =>
  invalidEach(path, name, isDNS1123Subdomain(name));

/** Of one to many DNS names with slashes between. */
export function poolName(name: string | undefined, path: string): FieldError[] {
  if (!name) return [fieldError.required(path)];
  const tooLong = name.length > MAX_POOL_NAME ? [fieldError.tooLong(path, MAX_POOL_NAME)] : [];
  return [...tooLong, ...name.split('/').flatMap((part) => invalidEach(path, part, isDNS1123Subdomain(part)))];
}

export const uuid = (uid: string, path: string): FieldError[] =>
  UUID.test(uid) ? [] : [fieldError.invalid(path, uid, 'uid must be in RFC 4122 normalized form, lowercase')];

/** The name of an attribute or a capacity: an identifier, which may have the driver's domain before it. */
export function qualifiedName(name: string, path: string): FieldError[] {
  const [domain, id, ...more] = name.split('/');
  if (id === undefined) return identifier(name, path);
  if (more.length > 0) return [];
  return [
    ...(domain ? driverName(domain, path) : [fieldError.invalid(path, '', 'the domain must not be empty')]),
    ...(id ? identifier(id, path) : [fieldError.invalid(path, '', 'the name must not be empty')]),
  ];
}

export function fullyQualified(name: string, path: string): FieldError[] {
  const text = 'a fully qualified name must be a domain and a name separated by a slash';
  return [...qualifiedName(name, path), ...(name.includes('/') ? [] : [fieldError.invalid(path, name, text)])];
}

const identifier = (id: string, path: string): FieldError[] => [
  ...(id.length > MAX_ID ? [fieldError.tooLong(path, MAX_ID)] : []),
  ...invalidEach(path, id, isCIdentifier(id)),
];

type Check<T> = (item: T, path: string) => FieldError[];

/** A list that is too long is not read. */
export function bounded<T>(items: readonly T[] | null | undefined, max: number, path: string, check: Check<T>) {
  const list = items ?? [];
  if (list.length > max) return [fieldError.tooMany(path, list.length, max)];
  return list.flatMap((item, i) => check(item, `${path}[${i}]`));
}

export interface SetRules<T> {
  max: number;
  key: (item: T) => string;
  check: Check<T>;
}

/** The same, and no key twice. */
export function boundedSet<T>(items: readonly T[] | null | undefined, path: string, rules: SetRules<T>): FieldError[] {
  const list = items ?? [];
  const errors = bounded(list, rules.max, path, rules.check);
  if (list.length > rules.max) return errors;
  const repeated = duplicates(
    list,
    (item) => `/${rules.key(item)}`,
    (i, key) => fieldError.duplicate(`${path}[${i}]`, key.slice(1)),
  );
  return [...errors, ...repeated];
}

export interface MapRules<T> {
  max?: number;
  key: Check<string>;
  check: Check<T>;
}

/** Keys are reported on the map, values by their key. */
export function boundedMap<T>(map: Readonly<Record<string, T>>, path: string, rules: MapRules<T>): FieldError[] {
  const entries = Object.entries(map);
  const { max = Number.POSITIVE_INFINITY } = rules;
  if (entries.length > max) return [fieldError.tooMany(path, entries.length, max)];
  return entries.flatMap(([key, value]) => [...rules.key(key, path), ...rules.check(value, `${path}[${key}]`)]);
}

const MAX_BINDING_CONDITIONS = 4;

export interface Binding {
  bindingConditions?: readonly string[];
  bindingFailureConditions?: readonly string[];
}

/** What a device must report before its Pod starts, and what says that it never will: both or neither. */
export function bindingErrors({ bindingConditions, bindingFailureConditions }: Binding, path: string): FieldError[] {
  const conditions = bindingConditions ?? [];
  const failures = bindingFailureConditions ?? [];
  const at = { conditions: `${path}.bindingConditions`, failures: `${path}.bindingFailureConditions` };
  const errors = [
    ...conditionErrors(conditions, at.conditions),
    ...conditionErrors(failures, at.failures),
    ...failures.flatMap((condition, i) =>
      conditions.includes(condition)
        ? [fieldError.invalid(`${at.failures}[${i}]`, condition, 'must not overlap with bindingConditions')]
        : [],
    ),
  ];
  if (conditions.length === 0 && failures.length > 0) {
    const text = 'bindingConditions are required to use bindingFailureConditions';
    errors.push(fieldError.invalid(at.conditions, conditions, text));
  }
  if (failures.length === 0 && conditions.length > 0) {
    const text = 'bindingFailureConditions are required to use bindingConditions';
    errors.push(fieldError.invalid(at.failures, failures, text));
  }
  return errors;
}

const conditionErrors = (conditions: readonly string[], path: string): FieldError[] => [
  ...bounded(conditions, MAX_BINDING_CONDITIONS, path, (name, at) => invalidEach(at, name, isQualifiedName(name))),
  ...duplicates(
    conditions,
    (condition) => `/${condition}`,
    (i, key) => fieldError.duplicate(`${path}[${i}]`, key.slice(1)),
  ),
];
