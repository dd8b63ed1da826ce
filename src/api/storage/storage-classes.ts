// StorageClasses and VolumeAttributesClasses: what they provision with is for good (pkg/apis/storage/validation).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { TopologySelectorLabelRequirement, TopologySelectorTerm } from '../types/core/v1.ts';
import type { StorageClass, VolumeAttributesClass } from '../types/storage/v1.ts';
import { immutable } from '../validation/change.ts';
import { invalidEach, oneOf } from '../validation/rules.ts';
import { parameterErrors, provisionerErrors } from './parameters.ts';

const FIXED = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const;

export const storageClasses: Behaviour = {
  validate(object) {
    const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies } = object as AnyObject &
      StorageClass;
    return [
      ...provisionerErrors(provisioner, 'provisioner'),
      ...parameterErrors(parameters, 'parameters', { mayBeEmpty: true }),
      ...(reclaimPolicy ? oneOf(reclaimPolicy, ['Delete', 'Retain'], 'reclaimPolicy') : []),
      ...oneOf(volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], 'volumeBindingMode'),
      ...topologyErrors(allowedTopologies ?? [], 'allowedTopologies'),
    ];
  },
  validateUpdate: (object, old) => FIXED.flatMap((field) => immutable(object[field], old[field], field)),
};

/** Terms that say the same are one too many; so is every empty one, as upstream compares with blank terms too. */
function topologyErrors(terms: readonly TopologySelectorTerm[], path: string): FieldError[] {
  const meanings: unknown[] = [{}];
  return terms.flatMap(({ matchLabelExpressions: expressions = [] }, i) => {
    const at = `${path}[${i}].matchLabelExpressions`;
    const errors = termErrors(expressions, at);
    const meaning = Object.fromEntries(
      expressions.map(({ key, values }) => [key, [...new Set(values ?? [])].toSorted()]),
    );
    for (const other of meanings) {
      if (isDeepStrictEqual(meaning, other)) errors.push(fieldError.duplicate(at, ''));
    }
    meanings.push(meaning);
    return errors;
  });
}

function termErrors(expressions: readonly TopologySelectorLabelRequirement[], path: string): FieldError[] {
  const keys = new Set<string>();
  return expressions.flatMap(({ key = '', ...rest }, i) => {
    const values: readonly string[] = rest.values ?? [];
    const at = `${path}[${i}]`;
    const errors = values.length > 0 ? [] : [fieldError.required(`${at}.values`)];
    for (const [j, value] of values.entries()) {
      if (values.indexOf(value) < j) errors.push(fieldError.duplicate(`${at}.values[${j}]`, value));
    }
    errors.push(...invalidEach(`${at}.key`, key, isQualifiedName(key)));
    if (keys.has(key)) errors.push(fieldError.duplicate(`${at}.key`, key));
    keys.add(key);
    return errors;
  });
}

export const volumeAttributesClasses: Behaviour = {
  validate(object) {
    const { driverName, parameters } = object as AnyObject & VolumeAttributesClass;
    return [
      ...provisionerErrors(driverName, 'driverName'),
      ...parameterErrors(parameters, 'parameters', { mayBeEmpty: false }),
    ];
  },
  validateUpdate: (object, old) =>
    ['driverName', 'parameters'].flatMap((field) =>
      isDeepStrictEqual(object[field], old[field])
        ? []
        : [fieldError.forbidden(field, `updates to ${field} are forbidden.`)],
    ),
};
