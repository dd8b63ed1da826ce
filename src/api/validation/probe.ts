// Probes and lifecycle hooks: exactly one way to ask, and sane counts (pkg/apis/core/validation).
import { isHTTPHeaderName, isValidPortNum } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { LifecycleHandler, Probe } from '../types/core/v1.ts';
import { invalidEach, nonNegative, oneOf, portNumOrName, required } from './rules.ts';

type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<LifecycleHandler, 'sleep'>;

const CHECKS: {
  [K in keyof Handler]-?: (action: NonNullable<Handler[K]>, path: string, grace: number | undefined) => FieldError[];
} = {
  exec: (action, path) => (action.command?.length ? [] : [fieldError.required(`${path}.command`)]),
  httpGet: (action, path) => [
    ...required(action.path, `${path}.path`),
    ...portNumOrName(action.port, `${path}.port`),
    ...oneOf(action.scheme, ['HTTP', 'HTTPS'], `${path}.scheme`),
    ...(action.httpHeaders ?? []).flatMap(({ name }) =>
      invalidEach(`${path}.httpHeaders`, name, isHTTPHeaderName(name)),
    ),
  ],
  tcpSocket: (action, path) => portNumOrName(action.port, `${path}.port`),
  grpc: (action, path) => invalidEach(`${path}.port`, action.port, isValidPortNum(action.port)),
  sleep: ({ seconds }, path, grace) =>
    grace !== undefined && (seconds < 0 || seconds > grace)
      ? [
          fieldError.invalid(
            path,
            seconds,
            `must be non-negative and less than terminationGracePeriodSeconds (${grace})`,
          ),
        ]
      : [],
};

/** `grace`: seconds that the Pod has to stop, undefined where it does not say. */
export function validateHandler(handler: Handler, path: string, grace: number | undefined): FieldError[] {
  const given = (Object.keys(CHECKS) as (keyof Handler)[]).filter((kind) => handler[kind] !== undefined);
  const [first, ...others] = given;
  if (!first) return [fieldError.required(path, 'must specify a handler type')];
  const check = CHECKS[first] as (action: unknown, path: string, grace: number | undefined) => FieldError[];
  return [
    ...check(handler[first], `${path}.${first}`, grace),
    ...others.map((kind) => fieldError.forbidden(`${path}.${kind}`, 'may not specify more than 1 handler type')),
  ];
}

export type ProbeKind = 'livenessProbe' | 'readinessProbe' | 'startupProbe';

export function validateProbe(
  probe: Probe | undefined,
  kind: ProbeKind,
  path: string,
  podGrace: number | undefined,
): FieldError[] {
  if (!probe) return [];
  const grace = probe.terminationGracePeriodSeconds;
  const errors = [
    ...validateHandler(probe, path, podGrace),
    ...nonNegative(probe.initialDelaySeconds, `${path}.initialDelaySeconds`),
    ...nonNegative(probe.timeoutSeconds, `${path}.timeoutSeconds`),
    ...nonNegative(probe.periodSeconds, `${path}.periodSeconds`),
    ...nonNegative(probe.successThreshold, `${path}.successThreshold`),
    ...nonNegative(probe.failureThreshold, `${path}.failureThreshold`),
  ];
  if (grace !== undefined && grace <= 0) {
    errors.push(fieldError.invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  }
  if (kind === 'readinessProbe') {
    if (grace !== undefined) {
      errors.push(
        fieldError.invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'),
      );
    }
  } else if (probe.successThreshold !== 1) {
    errors.push(fieldError.invalid(`${path}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'));
  }
  return errors;
}
