// What this node refuses a pod for before anything of it is made (pkg/kubelet/lifecycle): the pod fails for good.
import { readFileSync } from 'node:fs';
import type { AppArmorProfile, Pod } from '../api/types/core/v1.ts';
import type { EventRecorder } from '../client/controller.ts';
import { allContainers, specOf } from './pod-record.ts';
import type { PodWorker } from './pod-worker.ts';
import { sysctlRefusal } from './sysctls.ts';

export interface AdmissionFacts {
  /** Beyond the safe ones. */
  allowedUnsafeSysctls: readonly string[];
  hasAppArmor: boolean;
  /** Why the node has no room for the pod just now. */
  nodeRefusal(pod: Pod): Refusal | undefined;
}

export interface Refusal {
  reason: string;
  message: string;
}

/** Fails a pod that is refused, unless it has ended (Kubelet.rejectPod). */
export function admitPod(
  pod: Pod,
  worker: Pick<PodWorker, 'fail'>,
  { events, ...facts }: AdmissionFacts & { events: EventRecorder },
): void {
  if (pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') return;
  const refusal = admissionRefusal(pod, facts);
  if (!refusal) return;
  const { reason, message } = refusal;
  events.event(pod, 'Warning', reason, message);
  void worker.fail({ reason, message: `Pod was rejected: ${message}`, isRejection: true });
}

/** The first reason there is, with upstream's words for it. */
export function admissionRefusal(pod: Pod, facts: AdmissionFacts): Refusal | undefined {
  const os = specOf(pod).os?.name;
  if (os !== undefined && os !== 'linux') {
    return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
  }
  const sysctl = sysctlRefusal(specOf(pod), facts.allowedUnsafeSysctls);
  if (sysctl) return { reason: 'SysctlForbidden', message: sysctl };
  const pressure = facts.nodeRefusal(pod);
  if (pressure) return pressure;
  if (!facts.hasAppArmor && needsAppArmor(pod)) {
    return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };
  }
  return undefined;
}

function needsAppArmor(pod: Pod): boolean {
  const spec = specOf(pod);
  const isConfined = (profile?: AppArmorProfile) => profile !== undefined && profile.type !== 'Unconfined';
  return [spec, ...allContainers(spec)].some(({ securityContext }) => isConfined(securityContext?.appArmorProfile));
}

/** https://docs.kernel.org/admin-guide/LSM/apparmor.html */
export function hostHasAppArmor(): boolean {
  try {
    return readFileSync('/sys/module/apparmor/parameters/enabled', 'utf8').startsWith('Y');
  } catch {
    return false; // not built into the kernel
  }
}
