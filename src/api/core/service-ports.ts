// Ports of a Service: named where there are several, and none twice (pkg/apis/core/validation validateServicePort).
import { isDNS1123Label, isQualifiedName, isValidPortNum } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { ServicePort, ServiceSpec } from '../types/core/v1.ts';
import { invalidEach, portNumOrName, requiredOneOf } from '../validation/rules.ts';
import { isHeadless } from './service-addresses.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export function validateServicePorts(spec: ServiceSpec): FieldError[] {
  const { ports = [], type } = spec;
  if (ports.length === 0 && !isHeadless(spec) && type !== 'ExternalName') return [fieldError.required('spec.ports')];
  const at = (i: number) => `spec.ports[${i}]`;
  return [
    ...ports.flatMap((port, i) => portErrors(port, at(i), ports.length > 1)),
    ...repeated(ports, ({ name }) => name).map((i) => fieldError.duplicate(`${at(i)}.name`, ports[i]?.name)),
    ...ports.flatMap(({ nodePort }, i) =>
      nodePort && type === 'ClusterIP'
        ? [fieldError.forbidden(`${at(i)}.nodePort`, "may not be used when `type` is 'ClusterIP'")]
        : [],
    ),
    ...repeated(ports, ({ protocol, nodePort }) => (nodePort ? `${protocol}/${nodePort}` : undefined)).map((i) =>
      fieldError.duplicate(`${at(i)}.nodePort`, ports[i]?.nodePort),
    ),
    ...repeated(ports, ({ protocol, port }) => `${protocol}/${port}`).map((i) =>
      fieldError.duplicate(at(i), { protocol: ports[i]?.protocol, port: ports[i]?.port }),
    ),
  ];
}

/** Indices of those whose key came before; an undefined or empty key is none. */
function repeated(ports: readonly ServicePort[], keyOf: (port: ServicePort) => string | undefined): number[] {
  const keys = ports.map(keyOf);
  return [...keys.keys()].filter((i) => keys[i] && keys.indexOf(keys[i]) < i);
}

function portErrors({ name, port, protocol, targetPort, appProtocol }: ServicePort, at: string, requireName: boolean) {
  const errors: FieldError[] = [];
  if (name) errors.push(...invalidEach(`${at}.name`, name, isDNS1123Label(name)));
  else if (requireName) errors.push(fieldError.required(`${at}.name`));
  return [
    ...errors,
    ...invalidEach(`${at}.port`, port, isValidPortNum(port)),
    ...requiredOneOf(protocol, PROTOCOLS, `${at}.protocol`),
    ...portNumOrName(targetPort ?? 0, `${at}.targetPort`),
    ...(appProtocol === undefined ? [] : invalidEach(`${at}.appProtocol`, appProtocol, isQualifiedName(appProtocol))),
  ];
}
