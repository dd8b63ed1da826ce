// What a claim asks for (pkg/apis/resource/validation validateDeviceClaim).
import { isQualifiedName, isValidLabelValue } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
} from '../types/resource/v1.ts';
import { invalidEach, oneOf, requiredOneOf } from '../validation/rules.ts';
import { configurationErrors, selectorErrors } from './configuration.ts';
import { bounded, boundedSet, fullyQualified, label, subdomain } from './names.ts';

const MAX_REQUESTS = 32;
const MAX_ALTERNATIVES = 8;
export const MAX_CONFIGS = 32;
export const EFFECTS = ['NoExecute', 'NoSchedule', 'None'];
const NOT_A_REQUEST =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/** Every name that others may refer to: request, and request/subrequest. */
export type RequestNames = ReadonlySet<string>;

export const requestNames = ({ requests }: DeviceClaim): RequestNames =>
  new Set(
    (requests ?? []).flatMap(({ name, firstAvailable = [] }) => [
      name,
      ...firstAvailable.map((alternative) => `${name}/${alternative.name}`),
    ]),
  );

export function deviceClaimErrors(claim: DeviceClaim, path: string): FieldError[] {
  const names = requestNames(claim);
  return [
    ...boundedSet(claim.requests, `${path}.requests`, {
      max: MAX_REQUESTS,
      key: ({ name }) => name,
      check: requestErrors,
    }),
    ...bounded(claim.constraints, MAX_REQUESTS, `${path}.constraints`, (constraint, at) =>
      constraintErrors(constraint, names, at),
    ),
    ...bounded(claim.config, MAX_CONFIGS, `${path}.config`, (config, at) => [
      ...requestRefs(config.requests, names, `${at}.requests`),
      ...configurationErrors(config, at),
    ]),
  ];
}

function requestErrors({ name, exactly, firstAvailable = [] }: DeviceRequest, path: string): FieldError[] {
  const errors = label(name, `${path}.name`);
  const text = 'exactly one of `exactly` or `firstAvailable` is required';
  if (exactly && firstAvailable.length > 0) {
    return [...errors, fieldError.invalid(path, null, `${text}, but multiple fields are set`)];
  }
  if (exactly) return [...errors, ...deviceErrors(exactly, `${path}.exactly`)];
  if (firstAvailable.length === 0) return [...errors, fieldError.required(path, text)];
  const alternatives = boundedSet(firstAvailable, `${path}.firstAvailable`, {
    max: MAX_ALTERNATIVES,
    key: (alternative) => alternative.name,
    check: (alternative, at) => [...label(alternative.name, `${at}.name`), ...deviceErrors(alternative, at)],
  });
  return [...errors, ...alternatives];
}

function deviceErrors(request: ExactDeviceRequest | DeviceSubRequest, path: string): FieldError[] {
  const { deviceClassName, selectors, tolerations } = request;
  const at = `${path}.deviceClassName`;
  return [
    ...(deviceClassName ? subdomain(deviceClassName, at) : [fieldError.required(at)]),
    ...selectorErrors(selectors, `${path}.selectors`),
    ...countErrors(request, path),
    ...(tolerations ?? []).flatMap((toleration, i) => tolerationErrors(toleration, `${path}.tolerations[${i}]`)),
  ];
}

function countErrors(
  { allocationMode: mode, count = 0 }: { allocationMode?: string; count?: number },
  path: string,
): FieldError[] {
  const invalid = (text: string) => [fieldError.invalid(`${path}.count`, count, text)];
  switch (mode) {
    case 'All':
      return count === 0 ? [] : invalid("must not be specified when allocationMode is 'All'");
    case 'ExactCount':
      return count > 0 ? [] : invalid('must be greater than zero');
    default:
      return oneOf(mode, ['All', 'ExactCount'], `${path}.allocationMode`);
  }
}

function tolerationErrors(toleration: DeviceToleration, path: string): FieldError[] {
  const { key, operator, value = '', effect } = toleration;
  const errors = key ? invalidEach(`${path}.key`, key, isQualifiedName(key)) : [];
  errors.push(...requiredOneOf(operator, ['Equal', 'Exists'], `${path}.operator`));
  if (operator === 'Exists' && value) {
    errors.push(fieldError.invalid(`${path}.value`, value, 'must be empty for operator `Exists`'));
  }
  if (operator === 'Equal') errors.push(...invalidEach(`${path}.value`, value, isValidLabelValue(value)));
  return effect ? [...errors, ...oneOf(effect, EFFECTS, `${path}.effect`)] : errors;
}

function constraintErrors(constraint: DeviceConstraint, names: RequestNames, path: string): FieldError[] {
  const { requests, matchAttribute: match, distinctAttribute: distinct } = constraint;
  const errors = requestRefs(requests, names, `${path}.requests`);
  if (match !== undefined) return [...errors, ...fullyQualified(match, `${path}.matchAttribute`)];
  if (distinct !== undefined) return [...errors, ...fullyQualified(distinct, `${path}.distinctAttribute`)];
  const text = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
  return [...errors, fieldError.required(path, text)];
}

export const requestRefs = (refs: readonly string[] | undefined, names: RequestNames, path: string): FieldError[] =>
  boundedSet(refs, path, { max: MAX_REQUESTS, key: (ref) => ref, check: (ref, at) => requestRef(ref, names, at) });

export function requestRef(ref: string, names: RequestNames, path: string): FieldError[] {
  const segments = ref.split('/');
  if (segments.length > 2) return [fieldError.invalid(path, ref, NOT_A_REQUEST)];
  const errors = segments.flatMap((segment) => label(segment, path));
  return names.has(ref) ? errors : [...errors, fieldError.invalid(path, ref, NOT_A_REQUEST)];
}
