// LimitRanges: bounds that agree with each other (pkg/apis/core/validation ValidateLimitRange).
import { randomUUID } from 'node:crypto';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { compareQuantity, parseQuantity, quantityOf } from '../../apimachinery/quantity.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { LimitRangeItem, LimitRangeSpec } from '../types/core/v1.ts';
import { containerResourceName, isOvercommitAllowed, resourceName } from '../validation/resource-names.ts';

const TYPES = ['Container', 'PersistentVolumeClaim', 'Pod'];
const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

function validate(object: AnyObject): FieldError[] {
  const limits = ((object.spec ?? {}) as LimitRangeSpec).limits ?? [];
  const types = limits.map(({ type }) => type ?? '');
  return limits.flatMap((limit, i) => {
    const at = `spec.limits[${i}]`;
    return [
      ...typeErrors(types[i] ?? '', `${at}.type`),
      ...(types.indexOf(types[i] ?? '') < i ? [fieldError.duplicate(`${at}.type`, types[i])] : []),
      ...nameErrors(limit, at),
      ...amountErrors(limit, at),
    ];
  });
}

function typeErrors(type: string, path: string): FieldError[] {
  const problems = isQualifiedName(type);
  if (problems.length > 0) return problems.map((text) => fieldError.invalid(path, type, text));
  if (type.includes('/') || TYPES.includes(type)) return [];
  return [fieldError.invalid(path, type, 'must be a standard limit type or fully qualified')];
}

function nameErrors(limit: LimitRangeItem, at: string): FieldError[] {
  const isPod = limit.type === 'Pod';
  const rule = isPod || limit.type === 'Container' ? containerResourceName : resourceName;
  const errors = LISTS.flatMap((list) => {
    const names = Object.keys(limit[list] ?? {});
    if (isPod && (list === 'default' || list === 'defaultRequest')) {
      const text = "may not be specified when `type` is 'Pod'";
      return names.length > 0 ? [fieldError.forbidden(`${at}.${list}`, text)] : [];
    }
    return names.flatMap((name) => rule(name, `${at}.${list}[${name}]`));
  });
  if (limit.type !== 'PersistentVolumeClaim' || limit.min?.storage || limit.max?.storage) return errors;
  const text = 'either minimum or maximum storage value is required, but neither was provided';
  return [...errors, fieldError.required(`${at}.limits`, text)];
}

function amountErrors(limit: LimitRangeItem, at: string): FieldError[] {
  const lists = limit.type === 'Pod' ? (['max', 'min', 'maxLimitRequestRatio'] as const) : LISTS;
  const names = new Set(lists.flatMap((list) => Object.keys(limit[list] ?? {})));
  return [...names].flatMap((name) => {
    const [max, min, standard, request, ratio] = LISTS.map((list) =>
      (lists as readonly string[]).includes(list) ? limit[list]?.[name] : undefined,
    );
    const path = (list: string) => `${at}.${list}[${name}]`;
    return [
      ...ordered(min, max, path('min'), 'min value', 'max value'),
      ...ordered(min, request, path('defaultRequest'), 'min value', 'default request value'),
      ...ordered(request, max, path('defaultRequest'), 'default request value', 'max value'),
      ...ordered(request, standard, path('defaultRequest'), 'default request value', 'default limit value'),
      ...ordered(min, standard, path('default'), 'min value', 'default value'),
      ...ordered(standard, max, path('default'), 'default value', 'max value'),
      ...ratioErrors(ratio, min, max, path('maxLimitRequestRatio')),
      ...mustBeEqual(name, standard, request, path('defaultRequest')),
    ];
  });
}

type Amount = string | undefined;

const compare = (one: string, other: string): number => compareQuantity(parseQuantity(one), parseQuantity(other));

const ordered = (small: Amount, large: Amount, path: string, what: string, bound: string): FieldError[] =>
  small !== undefined && large !== undefined && compare(small, large) > 0
    ? [fieldError.invalid(path, small, `${what} ${small} is greater than ${bound} ${large}`)]
    : [];

function ratioErrors(ratio: Amount, min: Amount, max: Amount, path: string): FieldError[] {
  if (ratio === undefined) return [];
  const amount = parseQuantity(ratio);
  const errors =
    compareQuantity(amount, quantityOf(1)) < 0
      ? [fieldError.invalid(path, ratio, `ratio ${ratio} is less than 1`)]
      : [];
  if (min === undefined || max === undefined) return errors;
  const possible = Number(parseQuantity(max).nano) / Number(parseQuantity(min).nano);
  if (Number(amount.nano) / 1e9 <= possible) return errors;
  return [
    ...errors,
    fieldError.invalid(path, ratio, `ratio ${ratio} is greater than max/min = ${possible.toFixed(6)}`),
  ];
}

/** What cannot be overcommitted has one amount for both. */
const mustBeEqual = (name: string, standard: Amount, request: Amount, path: string): FieldError[] =>
  !isOvercommitAllowed(name) && standard !== undefined && request !== undefined && compare(standard, request) !== 0
    ? [
        fieldError.invalid(
          path,
          request,
          `default value ${standard} must equal to defaultRequest value ${request} in ${name}`,
        ),
      ]
    : [];

export const limitRanges: Behaviour = {
  prepareForCreate({ metadata }) {
    metadata.name ||= randomUUID();
  },
  validate,
};
