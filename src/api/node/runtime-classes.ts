// RuntimeClasses: the handler is for good; overhead and scheduling are those of a Pod (pkg/apis/node/validation).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isDNS1123Label } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import type { RuntimeClass, Scheduling } from '../types/node/v1.ts';
import { immutable } from '../validation/change.ts';
import { validateLabels } from '../validation/metadata.ts';
import { validateResources } from '../validation/resources.ts';
import { duplicates, invalidEach } from '../validation/rules.ts';
import { validateTolerations } from '../validation/scheduling.ts';

const schedulingErrors = ({ nodeSelector, tolerations = [] }: Scheduling): FieldError[] => [
  ...validateLabels(nodeSelector, 'scheduling.nodeSelector'),
  ...validateTolerations(tolerations, 'scheduling.tolerations'),
  ...duplicates(
    tolerations,
    ({ key, operator, value, effect }) => JSON.stringify([key, operator, value, effect]),
    (i) => fieldError.duplicate(`scheduling.tolerations[${i}]`, tolerations[i]),
  ),
];

export const runtimeClasses: Behaviour = {
  validate(object) {
    const { handler, overhead, scheduling } = object as AnyObject & RuntimeClass;
    return [
      ...(handler ? invalidEach('handler', handler, isDNS1123Label(handler)) : [fieldError.required('handler')]),
      ...(overhead ? validateResources({ limits: overhead.podFixed }, 'overhead') : []),
      ...(scheduling ? schedulingErrors(scheduling) : []),
    ];
  },
  validateUpdate: (object, old) => immutable(object.handler, old.handler, 'handler'),
};
