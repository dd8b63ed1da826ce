// Ports of a Pod that get in each other's way (pkg/api/pod/warnings.go).
import type { ContainerPort, PodSpec } from '../types/core/v1.ts';
import { visitContainers } from '../validation/containers-of.ts';

interface PortAt {
  port: ContainerPort;
  at: string;
}

export function portWarnings(spec: PodSpec, path: string): string[] {
  const all: PortAt[] = visitContainers(spec, path).flatMap(({ container, at }) =>
    (container.ports ?? []).map((port, i) => ({ port, at: `${at}.ports[${i}]` })),
  );
  return [
    ...all.flatMap((own, i) => [
      ...(own.port.hostIP && !own.port.hostPort ? [`${own.at}: hostIP set without hostPort: ${own.port.hostIP}`] : []),
      ...all.slice(0, i).flatMap((other) => conflict(own, other)),
    ]),
    ...all.flatMap(({ port: { name }, at }, i) => {
      const first = name ? all.slice(0, i).find(({ port }) => port.name === name) : undefined;
      return first
        ? [
            `${at}: duplicate port name "${name}" with ${first.at}, services and probes that select ports by name will use ${first.at}`,
          ]
        : [];
    }),
  ];
}

function conflict({ port, at }: PortAt, { port: other, at: where }: PortAt): string[] {
  if (port.containerPort !== other.containerPort || port.protocol !== other.protocol) return [];
  const { hostIP = '', hostPort = 0 } = port;
  const { hostIP: otherIP = '', hostPort: otherPort = 0 } = other;
  if (hostIP === otherIP && hostPort === otherPort) return [`${at}: duplicate port definition with ${where}`];
  if (hostPort === 0 || otherPort === 0) return [`${at}: overlapping port definition with ${where}`];
  return hostPort === otherPort && (hostIP === '') !== (otherIP === '')
    ? [`${at}: dangerously ambiguous port definition with ${where}`]
    : [];
}
