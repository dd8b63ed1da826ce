// The node ports of a Service (pkg/registry/core/service/storage/alloc.go initNodePorts, updateNodePorts): given to
// ports that want one, and taken when they name one.
import type { Service } from '../../api/types/core/v1.ts';
import { internalError } from '../../apimachinery/status-error.ts';
import type { PortAllocator } from './port-allocator.ts';
import { refused, type Undo } from './reserving.ts';
import { needsHealthCheckPort, needsNodePorts, type ServiceObject } from './service-types.ts';

export const nodePortsOf = ({ spec }: Service): number[] => [
  ...new Set(
    [...(spec?.ports ?? []).map(({ nodePort }) => nodePort ?? 0), spec?.healthCheckNodePort ?? 0].filter(Boolean),
  ),
];

interface Taking {
  undo: Undo;
  ports: PortAllocator;
}

interface Taker {
  /** Takes this number for `field`; throws 422 when it cannot be had. */
  named(port: number, field: string): void;
  /** Takes this number for health checks; throws 500 when it cannot be had, as upstream. */
  forHealthChecks(port: number): void;
  next(): number;
}

function takerFor(service: ServiceObject, { undo, ports }: Taking): Taker {
  const take = (port: number, refuse: (why: string) => Error) => {
    const result = ports.allocate(port);
    if (result === 'taken') throw refuse('provided port is already allocated');
    if (result !== 'ok') {
      throw refuse(`provided port is not in the valid range. The range of valid ports is ${ports.range}`);
    }
    undo.push(() => ports.release(port));
  };
  return {
    named: (port, field) => take(port, (why) => refused(service, field, port, why)),
    forHealthChecks: (port) =>
      take(port, (why) => internalError(`failed to allocate requested HealthCheck NodePort ${port}: ${why}`)),
    next() {
      const port = ports.allocateNext();
      if (port === undefined) throw internalError('failed to allocate a nodePort: range is full');
      undo.push(() => ports.release(port));
      return port;
    },
  };
}

export function takePorts(service: ServiceObject, before: ServiceObject | undefined, taking: Taking): void {
  const { spec } = service;
  const taker = takerFor(service, taking);
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') {
    if (before) changePorts(service, before, taker);
    else firstPorts(service, taker);
  }
  if (!needsHealthCheckPort(service)) return;
  if (!spec.healthCheckNodePort) spec.healthCheckNodePort = taker.next();
  else if (!before || !nodePortsOf(before).includes(spec.healthCheckNodePort)) {
    taker.forHealthChecks(spec.healthCheckNodePort);
  }
}

/** One number serves TCP and UDP of one port of a new Service. */
function firstPorts(service: ServiceObject, { named, next }: Taker): void {
  const ports = service.spec.ports ?? [];
  const given = new Map<number, number>();
  for (const [i, port] of ports.entries()) {
    if (!port.nodePort && !needsNodePorts(service)) continue;
    const field = `spec.ports[${i}].nodePort`;
    const shared = given.get(port.port);
    if (shared !== undefined) {
      if (port.nodePort && port.nodePort !== shared) named(port.nodePort, field);
      port.nodePort ||= shared;
      continue;
    }
    const asked = ports.find((one) => one.port === port.port && one.nodePort)?.nodePort;
    if (asked) named(asked, field);
    port.nodePort = asked ?? next();
    given.set(port.port, port.nodePort);
  }
}

/** What the Service had before is its own; the same number twice is for validation to refuse. */
function changePorts(service: ServiceObject, before: ServiceObject, { named, next }: Taker): void {
  const own = new Set(nodePortsOf(before));
  for (const [i, port] of (service.spec.ports ?? []).entries()) {
    if (!port.nodePort && needsNodePorts(service)) port.nodePort = next();
    else if (port.nodePort && !own.has(port.nodePort)) named(port.nodePort, `spec.ports[${i}].nodePort`);
    if (port.nodePort) own.add(port.nodePort);
  }
}
