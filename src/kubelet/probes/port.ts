// Ports in probes and hooks: a number, or the name that the container gives to one (pkg/probe/util.go).
import type { Container } from '../../api/types/core/v1.ts';

/** Throws in upstream's words. */
export function resolvePort(port: number | string, container: Container): number {
  const named = container.ports?.find((p) => p.name === port)?.containerPort;
  const number = named ?? (typeof port === 'number' || /^[+-]?\d+$/.test(port) ? Number(port) : undefined);
  if (number === undefined) throw new Error(`strconv.Atoi: parsing "${port}": invalid syntax`);
  if (number < 1 || number > 65_535) throw new Error(`invalid port number: ${number}`);
  return number;
}
