// Expressions that select devices: what they can name, and what they can cost
// (k8s.io/dynamic-resource-allocation cel/compile.go).
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { compile } from '../../cel/compile.ts';
import { estimateCost } from '../../cel/cost.ts';
import type { DeclaredType } from '../../cel/declared-type.ts';
import type { Environment } from '../../cel/environment.ts';
import { namedType } from '../../cel/library/signatures.ts';
import { createProgram, isProgram } from '../../cel/program.ts';
import { ANY, BOOL, formatType, mapOf, STRING, structType, type Type } from '../../cel/types.ts';

const MAX_COST = 1_000_000n;
const MAX_DOMAIN = 63;
const MAX_ID = 32;
const MAX_DRIVER = 63;
const MAX_VALUE = 64;
/** Of a device. */
const MAX_ENTRIES = 32;
const NAME = 'kubernetes.DRADevice';

const declare = (type: Type, maxElements = 0): DeclaredType => ({ type, maxElements, minSize: 0 });

/** Domain → name → value. */
function qualified(value: DeclaredType): DeclaredType {
  const inner = { ...declare(mapOf(STRING, value.type), MAX_ENTRIES), key: declare(STRING, MAX_ID), item: value };
  return { ...declare(mapOf(STRING, inner.type), MAX_ENTRIES), key: declare(STRING, MAX_DOMAIN), item: inner };
}

const DEVICE: DeclaredType = {
  ...declare(structType(NAME)),
  fields: new Map([
    ['driver', declare(STRING, MAX_DRIVER)],
    ['allowMultipleAllocations', declare(BOOL, 1)],
    ['attributes', qualified(declare(ANY, MAX_VALUE))],
    ['capacity', qualified(declare(namedType('quantity')))],
  ]),
};

const ENVIRONMENT: Environment = {
  variables: new Map([['device', DEVICE.type]]),
  objects: new Map([[NAME, DEVICE]]),
  hasBind: true,
};

export function deviceExpressionErrors(text: string, field: string): FieldError[] {
  const { checked, problem } = compile(text, ENVIRONMENT);
  const refuse = (why: string) => [fieldError.invalid(field, text, why)];
  if (!checked) return refuse(`compilation failed: ${problem}`);
  const { type } = checked;
  if (type.kind !== 'bool' && type.kind !== 'any') {
    return refuse(`must evaluate to bool or the unknown type, not ${formatType(type)}`);
  }
  const program = createProgram(checked, ENVIRONMENT);
  if (!isProgram(program)) {
    const message = `Internal error: program instantiation failed: ${program.message}`;
    return [{ reason: 'InternalError', field, message }];
  }
  const { max } = estimateCost(checked, new Map([['device', DEVICE]]));
  return max > MAX_COST ? [fieldError.forbidden(field, 'too complex, exceeds cost limit')] : [];
}
