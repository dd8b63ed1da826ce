// UDP flows outlive the rule that made them: entries that lead to an endpoint that is gone, or that were made
// while a Service had none, are deleted so that the next packet takes the new rules.
import { RunError, run } from '../exec.ts';
import type { ServicePort } from './service-ports.ts';

export interface StaleFlow {
  /** What the client addresses; for node ports only the port is known. */
  destination: string | undefined;
  port: number;
  /** The endpoint it was sent to; undefined when there was none. */
  endpoint: string | undefined;
}

/** Flows that `after` makes wrong. Pure. */
export function staleFlows(before: readonly ServicePort[], after: readonly ServicePort[]): StaleFlow[] {
  const now = new Map(after.map((port) => [port.name, port]));
  return before
    .filter((port) => port.protocol === 'udp')
    .flatMap((port) => {
      const next = new Set((now.get(port.name)?.endpoints ?? []).map((e) => `${e.ip}:${e.port}`));
      const gone: (string | undefined)[] = port.endpoints
        .filter((e) => !next.has(`${e.ip}:${e.port}`))
        .map((e) => e.ip);
      if (port.endpoints.length === 0 && next.size > 0) gone.push(undefined);
      const targets = [port.clusterIP, ...port.externalIPs].map((ip) => ({ destination: ip, port: port.port }));
      const all = port.nodePort ? [...targets, { destination: undefined, port: port.nodePort }] : targets;
      return gone.flatMap((endpoint) => all.map((target) => ({ ...target, endpoint })));
    });
}

export const deleteArgv = (flow: StaleFlow): string[] => [
  'conntrack',
  '-D',
  '-p',
  'udp',
  ...(flow.destination ? ['--orig-dst', flow.destination] : []),
  '--orig-port-dst',
  String(flow.port),
  ...(flow.endpoint ? ['--dst-nat', flow.endpoint] : []),
];

/** Deletes the flows; that there is none is the normal case. */
export async function deleteFlows(flows: readonly StaleFlow[]): Promise<void> {
  for (const flow of flows) {
    await run(deleteArgv(flow)).catch((error: unknown) => {
      if (error instanceof RunError && /0 flow entries/.test(error.output)) return;
      throw error;
    });
  }
}
