// A pod's spec → what its sandbox is made from. Pure.
import type { Pod } from '../api/types/core/v1.ts';
import type { PortMapping, SandboxConfig } from './cri/runtime.ts';
import { kernelHostname } from './dns.ts';
import { specOf } from './pod-record.ts';

/** Throws when the pod cannot have the name it asks for. */
export function sandboxConfig(
  pod: Pod,
  { attempt, clusterDomain }: { attempt: number; clusterDomain: string },
): SandboxConfig {
  const spec = specOf(pod);
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
    sysctls: Object.fromEntries((spec.securityContext?.sysctls ?? []).map((s) => [s.name, s.value])),
  };
}
