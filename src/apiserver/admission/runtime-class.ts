// RuntimeClass: a pod that names one gets its overhead, node selector and tolerations.
import { isDeepStrictEqual } from 'node:util';
import type { PodSpec, Toleration } from '../../api/types/core/v1.ts';
import type { RuntimeClass } from '../../api/types/node/v1.ts';
import { isPathSegmentName } from '../../apimachinery/names.ts';
import { canonicalQuantity } from '../../apimachinery/quantity.ts';
import { unexpected } from '../../apimachinery/status-error.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { isFor, refuse } from './request.ts';
import { runtimeClasses } from './resources.ts';

export function runtimeClass(reader: ObjectReader): AdmissionPlugin {
  function classOf(request: AdmissionRequest, spec: PodSpec): RuntimeClass | undefined {
    const name = spec.runtimeClassName;
    if (name === undefined) return undefined;
    const found = reader.get(runtimeClasses, undefined, name);
    if (found) return found;
    requireAskable(name);
    throw refuse(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
  }

  return {
    name: 'RuntimeClass',
    admit(request) {
      if (!isFor(request, 'pods', ['CREATE'])) return;
      const spec = request.object?.spec as PodSpec;
      const found = classOf(request, spec);
      if (found?.overhead) {
        if (Object.keys(spec.overhead ?? {}).length > 0 && !sameQuantities(found.overhead.podFixed, spec.overhead)) {
          throw refuse(request, MISMATCH);
        }
        if (found.overhead.podFixed) spec.overhead = { ...found.overhead.podFixed };
      }
      if (found?.scheduling) setScheduling(request, spec, found.scheduling);
    },

    validate(request) {
      if (!isFor(request, 'pods', ['CREATE'])) return;
      const spec = request.object?.spec as PodSpec;
      const overhead = classOf(request, spec)?.overhead;
      if (overhead && !sameQuantities(overhead.podFixed, spec.overhead)) throw refuse(request, MISMATCH);
      if (!overhead && spec.overhead !== undefined) {
        throw refuse(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
      }
    },
  };
}

/** Upstream asks an API server for what its cache lacks, and its client sends no such names: 500. */
function requireAskable(name: string): void {
  if (name === '') throw unexpected('resource name may not be empty');
  const problems = isPathSegmentName(name);
  if (problems.length > 0) throw unexpected(`invalid resource name ${JSON.stringify(name)}: [${problems.join(' ')}]`);
}

const MISMATCH = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

function setScheduling(
  request: AdmissionRequest,
  spec: PodSpec,
  scheduling: NonNullable<RuntimeClass['scheduling']>,
): void {
  const selector = { ...spec.nodeSelector };
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    if (selector[key] !== undefined && selector[key] !== value) {
      throw refuse(
        request,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${selector[key]}`,
      );
    }
    selector[key] = value;
  }
  if (Object.keys(selector).length > 0) spec.nodeSelector = selector;
  const tolerations = [...(spec.tolerations ?? []), ...(scheduling.tolerations ?? [])];
  if (tolerations.length > 0) spec.tolerations = withoutRedundant(tolerations);
}

/** Each toleration that another one does not contain; of equal ones the first (pkg/util/tolerations). */
function withoutRedundant(all: readonly Toleration[]): Toleration[] {
  return all.filter((toleration, at) => {
    const equalBefore = all.slice(0, at).some((other) => isDeepStrictEqual(other, toleration));
    return !equalBefore && !all.some((other) => !isDeepStrictEqual(other, toleration) && contains(other, toleration));
  });
}

function contains(outer: Toleration, inner: Toleration): boolean {
  const everything = !outer.key && outer.operator === 'Exists';
  if ((outer.key ?? '') !== (inner.key ?? '') && !everything) return false;
  if (outer.effect && outer.effect !== inner.effect) return false;
  if (outer.effect === 'NoExecute') {
    const [limit, wanted] = [outer.tolerationSeconds, inner.tolerationSeconds];
    if (limit !== undefined && (wanted === undefined || limit < wanted)) return false;
  }
  if (outer.operator === 'Exists') return true;
  return (inner.operator ?? 'Equal') === 'Equal' && (outer.value ?? '') === (inner.value ?? '');
}

function sameQuantities(a: Record<string, unknown> = {}, b: Record<string, unknown> = {}): boolean {
  const canonical = (list: Record<string, unknown>) =>
    Object.entries(list)
      .map(([name, quantity]) => `${name}=${canonicalQuantity(String(quantity))}`)
      .sort()
      .join();
  return canonical(a) === canonical(b);
}
