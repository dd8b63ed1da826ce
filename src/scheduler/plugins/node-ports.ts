// A host port can be taken once per node, address and protocol.
import type { Pod } from '../../api/types/core/v1.ts';
import type { Plugin } from '../framework.ts';

export interface HostPort {
  ip: string;
  protocol: string;
  port: number;
}

const ANY = '0.0.0.0';

export function hostPorts(pod: Pod): HostPort[] {
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  return [...pod.spec.containers, ...sidecars].flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => port.hostPort)
      .map((port) => ({ ip: port.hostIP || ANY, protocol: port.protocol || 'TCP', port: port.hostPort as number })),
  );
}

const collide = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === ANY || b.ip === ANY);

export const nodePorts: Plugin = {
  name: 'NodePorts',
  filter(pod, info) {
    const wanted = hostPorts(pod);
    if (wanted.length === 0) return undefined;
    const taken = [...info.pods.values()].flatMap(hostPorts);
    return wanted.some((port) => taken.some((other) => collide(port, other)))
      ? { reasons: ["node(s) didn't have free ports for the requested pod ports"] }
      : undefined;
  },
  wakes: ['PodDelete', 'PodUpdate', 'NodeAdd'],
};
