// Near what a Pod wants to be, and far from what (pkg/apis/core/validation validateAffinity).
import type { LabelSelector } from '../../apimachinery/meta.ts';
import { isDNS1123Subdomain, isQualifiedName, isValidLabelValue, nameIsDNSLabel } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  Affinity,
  NodeAffinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
} from '../types/core/v1.ts';
import { validateLabelSelector } from './label-selector.ts';
import { invalidEach, required } from './rules.ts';

export const validateAffinity = (affinity: Affinity | undefined, path: string): FieldError[] => [
  ...nodeAffinity(affinity?.nodeAffinity, `${path}.nodeAffinity`),
  ...podAffinity(affinity?.podAffinity, `${path}.podAffinity`),
  ...podAffinity(affinity?.podAntiAffinity, `${path}.podAntiAffinity`),
];

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

function nodeAffinity(affinity: NodeAffinity | undefined, path: string): FieldError[] {
  const needed = affinity?.[REQUIRED];
  return [
    ...(needed ? validateNodeSelector(needed, `${path}.${REQUIRED}`) : []),
    ...(affinity?.[PREFERRED] ?? []).flatMap(({ weight, preference }, i) => {
      const at = `${path}.${PREFERRED}[${i}]`;
      return [...weightErrors(weight, at), ...nodeTerm(preference, `${at}.preference`, { anyValue: true })];
    }),
  ];
}

const weightErrors = (weight: number, path: string): FieldError[] =>
  weight <= 0 || weight > 100 ? [fieldError.invalid(`${path}.weight`, weight, 'must be in the range 1-100')] : [];

export function validateNodeSelector({ nodeSelectorTerms: terms }: NodeSelector, path: string): FieldError[] {
  const at = `${path}.nodeSelectorTerms`;
  if (!terms?.length) return [fieldError.required(at, 'must have at least one node selector term')];
  return terms.flatMap((term, i) => nodeTerm(term, `${at}[${i}]`));
}

/** `anyValue`: what is only preferred may name values that no label can have. */
const nodeTerm = (term: NodeSelectorTerm, path: string, { anyValue = false } = {}): FieldError[] => [
  ...(term?.matchExpressions ?? []).flatMap((requirement, i) =>
    nodeRequirement(requirement, `${path}.matchExpressions[${i}]`, anyValue),
  ),
  ...(term?.matchFields ?? []).flatMap((requirement, i) => fieldRequirement(requirement, `${path}.matchFields[${i}]`)),
];

function nodeRequirement(requirement: NodeSelectorRequirement, path: string, anyValue: boolean): FieldError[] {
  const { key = '', values = [] } = requirement;
  return [
    ...operatorErrors(requirement, path),
    ...invalidEach(`${path}.key`, key, isQualifiedName(key)),
    ...(anyValue
      ? []
      : values.flatMap((value, i) => invalidEach(`${path}.values[${i}]`, value, isValidLabelValue(value)))),
  ];
}

const NOT_AN_OPERATOR = 'not a valid selector operator';

function operatorErrors({ operator, values = [] }: NodeSelectorRequirement, path: string): FieldError[] {
  const at = `${path}.values`;
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length > 0) return [];
      return [fieldError.required(at, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      if (values.length === 0) return [];
      return [fieldError.forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    case 'Gt':
    case 'Lt':
      if (values.length === 1) return [];
      return [fieldError.required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'")];
    default:
      return [fieldError.invalid(`${path}.operator`, operator ?? '', NOT_AN_OPERATOR)];
  }
}

/** Of a node's fields only the name can be asked for. */
function fieldRequirement({ key, operator, values = [] }: NodeSelectorRequirement, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== 'In' && operator !== 'NotIn') {
    errors.push(fieldError.invalid(`${path}.operator`, operator ?? '', NOT_AN_OPERATOR));
  } else if (values.length !== 1) {
    const text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.push(fieldError.required(`${path}.values`, text));
  }
  if (key !== 'metadata.name') {
    return [...errors, fieldError.invalid(`${path}.key`, key ?? '', 'not a valid field selector key')];
  }
  return [...errors, ...values.flatMap((v, i) => invalidEach(`${path}.values[${i}]`, v, isDNS1123Subdomain(v)))];
}

const podAffinity = (affinity: PodAffinity | undefined, path: string): FieldError[] => [
  ...(affinity?.[REQUIRED] ?? []).flatMap((term, i) => podTerm(term, `${path}.${REQUIRED}[${i}]`)),
  ...(affinity?.[PREFERRED] ?? []).flatMap(({ weight, podAffinityTerm }, i) => {
    const at = `${path}.${PREFERRED}[${i}]`;
    return [...weightErrors(weight, at), ...podTerm(podAffinityTerm, `${at}.podAffinityTerm`)];
  }),
];

function podTerm(term: PodAffinityTerm, path: string): FieldError[] {
  const { topologyKey = '', namespaces = [] } = term;
  return [
    ...validateLabelSelector(term.labelSelector, `${path}.labelSelector`),
    ...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`),
    ...namespaces.flatMap((name) => invalidEach(`${path}.namespace`, name, nameIsDNSLabel(name, false))),
    ...labelKeyErrors(term, path),
    ...required(topologyKey, `${path}.topologyKey`, 'can not be empty'),
    ...invalidEach(`${path}.topologyKey`, topologyKey, isQualifiedName(topologyKey)),
  ];
}

interface LabelKeys {
  matchLabelKeys?: string[];
  mismatchLabelKeys?: string[];
  labelSelector?: LabelSelector;
}

/** Keys whose values come from the Pod itself; the selector may not ask for the same (its own share is already in it). */
export function labelKeyErrors(term: LabelKeys, path: string): FieldError[] {
  const { matchLabelKeys: match = [], mismatchLabelKeys: mismatch = [], labelSelector } = term;
  return [
    ...keyList(match, labelSelector, `${path}.matchLabelKeys`),
    ...keyList(mismatch, labelSelector, `${path}.mismatchLabelKeys`),
    ...selectedTwice(match, labelSelector, path),
    ...match.flatMap((key, i) =>
      mismatch.includes(key)
        ? [
            fieldError.invalid(
              `${path}.matchLabelKeys[${i}]`,
              key,
              'exists in both matchLabelKeys and mismatchLabelKeys',
            ),
          ]
        : [],
    ),
  ];
}

function keyList(keys: readonly string[], selector: LabelSelector | undefined, path: string): FieldError[] {
  if (keys.length === 0) return [];
  if (!selector) return [fieldError.forbidden(path, 'must not be specified when labelSelector is not set')];
  return keys.flatMap((key, i) => invalidEach(`${path}[${i}]`, key, isQualifiedName(key)));
}

function selectedTwice(keys: readonly string[], selector: LabelSelector | undefined, path: string): FieldError[] {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  return (selector?.matchExpressions ?? []).flatMap(({ key }) => {
    const twice = keys.includes(key) && seen.has(key);
    seen.add(key);
    const at = `${path}[${keys.lastIndexOf(key)}]`;
    return twice ? [fieldError.invalid(at, key, 'exists in both matchLabelKeys and labelSelector')] : [];
  });
}
