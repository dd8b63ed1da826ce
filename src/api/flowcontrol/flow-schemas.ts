// FlowSchemas: which requests go to which priority level (pkg/apis/flowcontrol/validation).
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { FlowSchemaSpec } from '../types/flowcontrol/v1.ts';
import { invalidEach, oneOf } from '../validation/rules.ts';
import { mandatorySpec, statusErrors } from './mandatory.ts';
import { ruleErrors } from './rules.ts';

const MAX_PRECEDENCE = 10_000;

function specErrors(spec: FlowSchemaSpec, name: string, path: string): FieldError[] {
  const errors = precedenceErrors(spec.matchingPrecedence ?? 0, name, `${path}.matchingPrecedence`);
  if (spec.distinguisherMethod) {
    const method = spec.distinguisherMethod.type;
    errors.push(...oneOf(method, ['ByNamespace', 'ByUser'], `${path}.distinguisherMethod.type`));
  }
  const at = `${path}.priorityLevelConfiguration.name`;
  const level = spec.priorityLevelConfiguration?.name;
  if (level) errors.push(...invalidEach(at, level, isDNS1123Subdomain(level)));
  else errors.push(fieldError.required(at, 'must reference a priority level'));
  return [...errors, ...(spec.rules ?? []).flatMap((rule, i) => ruleErrors(rule, `${path}.rules[${i}]`))];
}

function precedenceErrors(precedence: number, name: string, path: string): FieldError[] {
  const invalid = (text: string) => [fieldError.invalid(path, precedence, text)];
  if (precedence <= 0) return invalid('must be a positive value');
  if (precedence > MAX_PRECEDENCE) return invalid(`must not be greater than ${MAX_PRECEDENCE}`);
  if (precedence !== 1 || name === 'exempt') return [];
  return invalid("only the schema named 'exempt' may have matchingPrecedence 1");
}

export const flowSchemas: Behaviour = {
  validate(object) {
    const name = object.metadata.name ?? '';
    const errors = specErrors((object.spec ?? {}) as FlowSchemaSpec, name, 'spec');
    const fixed = mandatorySpec('FlowSchema', name);
    if (fixed && !isDeepStrictEqual(object.spec, fixed)) {
      errors.push(fieldError.invalid('spec', object.spec, `spec of '${name}' must equal the fixed value`));
    }
    return [...errors, ...statusErrors(object)];
  },
  validateStatusUpdate: (object: AnyObject) => statusErrors(object),
};
