// A pod's spec → what its sandbox is made from. Pure.
import type { Pod, PodSpec } from '../api/types/core/v1.ts';
import type { PortMapping, SandboxConfig } from './cri/runtime.ts';
import { kernelHostname } from './dns.ts';
import { specOf } from './pod-record.ts';
import { normalizeSysctl } from './sysctls.ts';

/** Throws when the pod cannot have the name it asks for, or users of its own. */
export function sandboxConfig(
  pod: Pod,
  {
    attempt,
    clusterDomain,
    runtimeHandler,
    cgroupParent,
  }: { attempt: number; clusterDomain: string; runtimeHandler?: string; cgroupParent?: string },
): SandboxConfig {
  const spec = specOf(pod);
  if (spec.hostUsers === false) throw new Error(noUserNamespaces(runtimeHandler));
  const { namespace = '', name = '', uid = '' } = pod.metadata;
  const ports = [...(spec.initContainers ?? []), ...spec.containers].flatMap((c) => c.ports ?? []);
  const portMappings = ports
    .filter((port) => port.hostPort)
    .map(
      ({ protocol, containerPort, hostPort = 0, hostIP }): PortMapping => ({
        protocol: (protocol ?? 'TCP') as PortMapping['protocol'],
        containerPort,
        hostPort,
        ...(hostIP ? { hostIP } : {}),
      }),
    );
  return {
    pod: { namespace, name, uid },
    attempt,
    hostname: kernelHostname(pod, clusterDomain),
    ...(spec.hostNetwork ? {} : { network: { portMappings } }),
    hostPID: spec.hostPID ?? false,
    hostIPC: spec.hostIPC ?? false,
    shareProcessNamespace: spec.shareProcessNamespace ?? false,
    ...(hasPrivileged(spec) ? { privileged: true } : {}),
    ...(runtimeHandler ? { runtimeHandler } : {}),
    ...(cgroupParent ? { cgroupParent } : {}),
    sysctls: Object.fromEntries((spec.securityContext?.sysctls ?? []).map((s) => [normalizeSysctl(s.name), s.value])),
  };
}

const hasPrivileged = (spec: PodSpec): boolean =>
  [...(spec.initContainers ?? []), ...spec.containers].some((c) => c.securityContext?.privileged);

/** userns_manager.go; they need mounts that map ids, which runc has from 1.2 on and nerdctl not at all. */
const noUserNamespaces = (handler: string | undefined): string => {
  const what = handler ? `RuntimeClass handler "${handler}"` : 'runtime';
  return `can't set \`spec.hostUsers: false\`, ${what} does not support user namespaces`;
};
