// PriorityLevelConfigurations: how many requests of a level run, and what the others do
// (pkg/apis/flowcontrol/validation).
import { isDeepStrictEqual } from 'node:util';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type {
  ExemptPriorityLevelConfiguration,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from '../types/flowcontrol/v1.ts';
import { requiredOneOf } from '../validation/rules.ts';
import { mandatorySpec, statusErrors } from './mandatory.ts';

const MAX_QUEUES = 10_000_000;
/** A hand of queues is dealt from one 64-bit hash, less what uneven dealing costs. */
const HASH_BITS = 60;
const ROUNDTRIP = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares';

function specErrors(spec: Partial<PriorityLevelConfigurationSpec>, name: string, path: string): FieldError[] {
  const { type, limited, exempt } = spec;
  const errors: FieldError[] = [];
  if ((name === 'exempt') !== (type === 'Exempt')) {
    errors.push(fieldError.invalid(`${path}.type`, type ?? '', "must be 'Exempt' if and only if `name` is 'exempt'"));
  }
  if (type === 'Exempt') {
    if (limited) errors.push(fieldError.forbidden(`${path}.limited`, 'must be nil if the type is not Limited'));
    return exempt ? [...errors, ...shareErrors(exempt, `${path}.exempt`)] : errors;
  }
  if (type !== 'Limited') return [...errors, ...requiredOneOf(type, ['Exempt', 'Limited'], `${path}.type`)];
  if (exempt) errors.push(fieldError.forbidden(`${path}.exempt`, 'must be nil if the type is Limited'));
  if (limited) return [...errors, ...limitedErrors(limited, `${path}.limited`)];
  return [...errors, fieldError.required(`${path}.limited`, 'must not be empty when type is Limited')];
}

function shareErrors(
  { nominalConcurrencyShares: shares, lendablePercent: lendable }: ExemptPriorityLevelConfiguration,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (shares !== undefined && shares < 0) {
    errors.push(fieldError.invalid(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer'));
  }
  if (lendable !== undefined && (lendable < 0 || lendable > 100)) {
    errors.push(fieldError.invalid(`${path}.lendablePercent`, lendable, 'must be between 0 and 100, inclusive'));
  }
  return errors;
}

function limitedErrors(limited: LimitedPriorityLevelConfiguration, path: string): FieldError[] {
  const borrowing = limited.borrowingLimitPercent;
  const errors = [
    ...shareErrors(limited, path),
    ...responseErrors((limited.limitResponse ?? {}) as LimitResponse, `${path}.limitResponse`),
  ];
  if (borrowing === undefined || borrowing === null || borrowing >= 0) return errors;
  const text = 'if specified, must be a non-negative integer';
  return [...errors, fieldError.invalid(`${path}.borrowingLimitPercent`, borrowing, text)];
}

function responseErrors({ type, queuing }: LimitResponse, path: string): FieldError[] {
  const at = `${path}.queuing`;
  if (type === 'Reject') {
    return queuing ? [fieldError.forbidden(at, 'must be nil if limited.limitResponse.type is not Limited')] : [];
  }
  if (type !== 'Queue') return requiredOneOf(type, ['Queue', 'Reject'], `${path}.type`);
  if (queuing) return queuingErrors(queuing, at);
  return [fieldError.required(at, 'must not be empty if limited.limitResponse.type is Limited')];
}

function queuingErrors({ queues = 0, handSize = 0, queueLengthLimit = 0 }: QueuingConfiguration, path: string) {
  const errors: FieldError[] = [];
  if (queueLengthLimit <= 0) {
    errors.push(fieldError.invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive'));
  }
  if (queues <= 0) errors.push(fieldError.invalid(`${path}.queues`, queues, 'must be positive'));
  else if (queues > MAX_QUEUES) {
    errors.push(fieldError.invalid(`${path}.queues`, queues, `must not be greater than ${MAX_QUEUES}`));
  }
  const problem = handProblem(queues, handSize);
  return problem ? [...errors, fieldError.invalid(`${path}.handSize`, handSize, problem)] : errors;
}

function handProblem(queues: number, handSize: number): string | undefined {
  if (handSize <= 0) return 'must be positive';
  if (handSize > queues) return `should not be greater than queues (${queues})`;
  if (Math.ceil(Math.log2(queues) * handSize) <= HASH_BITS) return undefined;
  return `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS}`;
}

/** Only the part that says how exempt a level is may change in a mandatory one. */
function fixedErrors(spec: Partial<PriorityLevelConfigurationSpec>, name: string): FieldError[] {
  const fixed = mandatorySpec('PriorityLevelConfiguration', name) as PriorityLevelConfigurationSpec | undefined;
  if (!fixed) return [];
  const ignored = name === 'exempt' ? { exempt: undefined } : {};
  return isDeepStrictEqual({ ...spec, ...ignored }, { ...fixed, ...ignored })
    ? []
    : [fieldError.invalid('spec', spec, `spec of '${name}' must equal the fixed value`)];
}

export const priorityLevels: Behaviour = {
  validate(object) {
    const spec = (object.spec ?? {}) as Partial<PriorityLevelConfigurationSpec>;
    const { name = '', annotations = {} } = object.metadata;
    const errors: FieldError[] = [];
    if (Object.hasOwn(annotations, ROUNDTRIP)) {
      errors.push(fieldError.forbidden('metadata.annotations', `annotation '${ROUNDTRIP}' is forbidden`));
    }
    return [...errors, ...specErrors(spec, name, 'spec'), ...fixedErrors(spec, name), ...statusErrors(object)];
  },
  validateStatusUpdate: (object) => statusErrors(object),
};
