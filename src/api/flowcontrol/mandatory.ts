// What flow schemas and priority levels share: conditions, and the objects that a server cannot do without, whose
// spec is fixed (pkg/apis/flowcontrol/bootstrap).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import { flowControlFacts } from '../facts.ts';
import { duplicates, required } from '../validation/rules.ts';

/** undefined for objects that are not mandatory. */
export function mandatorySpec(kind: 'FlowSchema' | 'PriorityLevelConfiguration', name: string): unknown {
  const { fsMandatory, plcMandatory } = flowControlFacts();
  const objects = kind === 'FlowSchema' ? fsMandatory : plcMandatory;
  return objects.find(({ metadata }) => metadata.name === name)?.spec;
}

export function statusErrors(object: AnyObject): FieldError[] {
  const { conditions = [] } = (object.status ?? {}) as { conditions?: { type?: string }[] };
  const path = 'status.conditions';
  return [
    ...duplicates(
      conditions,
      ({ type = '' }) => `/${type}`,
      (i, key) => fieldError.duplicate(`${path}[${i}].type`, key.slice(1)),
    ),
    ...conditions.flatMap(({ type }, i) => required(type, `${path}[${i}].type`)),
  ];
}
