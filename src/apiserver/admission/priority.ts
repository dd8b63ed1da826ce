// Priority: a pod's number comes from its class, never from its author; one class at most is the default.
import { priorityClasses } from '../../api/resources.ts';
import type { PodSpec } from '../../api/types/core/v1.ts';
import type { PriorityClass } from '../../api/types/scheduling/v1.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { isFor, refuse } from './request.ts';

export function priority(reader: ObjectReader): AdmissionPlugin {
  /** Of several defaults (a race) the lowest counts. */
  const defaultClass = (): PriorityClass | undefined =>
    reader
      .list(priorityClasses)
      .filter((c) => c.globalDefault)
      .sort((a, b) => a.value - b.value)[0];

  function classOf(request: AdmissionRequest, spec: PodSpec) {
    const name = spec.priorityClassName;
    if (!name) return defaultClass() ?? NO_CLASS;
    const found = reader.get(priorityClasses, undefined, name);
    if (!found) throw refuse(request, `no PriorityClass with name ${name} was found`);
    return found;
  }

  function admitNew(request: AdmissionRequest, spec: PodSpec): void {
    const found = classOf(request, spec);
    if (found.metadata.name) spec.priorityClassName = found.metadata.name;
    if (spec.priority !== undefined && spec.priority !== found.value) {
      throw refuse(
        request,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; ` +
          `priority admission controller computed ${found.value} from the given PriorityClass name`,
      );
    }
    spec.priority = found.value;
    const policy = found.preemptionPolicy;
    if (policy === undefined) return;
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
      throw refuse(
        request,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; ` +
          `priority admission controller computed ${policy} from the given PriorityClass name`,
      );
    }
    spec.preemptionPolicy = policy;
  }

  return {
    name: 'Priority',
    admit(request) {
      if (!isFor(request, 'pods', ['CREATE', 'UPDATE'])) return;
      const spec = request.object?.spec as PodSpec;
      if (request.operation === 'CREATE') return admitNew(request, spec);
      // What was decided on create stays when an update leaves it out.
      const old = request.oldObject?.spec as PodSpec;
      if (old.priority !== undefined) spec.priority ??= old.priority;
      if (old.preemptionPolicy !== undefined) spec.preemptionPolicy ??= old.preemptionPolicy;
    },

    validate(request) {
      if (!isFor(request, 'priorityclasses.scheduling.k8s.io', ['CREATE', 'UPDATE'])) return;
      if (!request.object?.globalDefault) return;
      const other = defaultClass()?.metadata.name;
      if (other !== undefined && (request.operation === 'CREATE' || other !== request.object.metadata.name)) {
        throw refuse(request, `PriorityClass ${other} is already marked as default. Only one default can exist`);
      }
    },
  };
}

const NO_CLASS: Pick<PriorityClass, 'metadata' | 'value' | 'preemptionPolicy'> = {
  metadata: {},
  value: 0,
  preemptionPolicy: 'PreemptLowerPriority',
};
