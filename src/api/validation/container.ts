// One container, of whatever list (pkg/apis/core/validation validateContainerCommon).
import { isDNS1123Label, isValidPortName, isValidPortNum } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Container, ContainerPort, ContainerResizePolicy, Volume } from '../types/core/v1.ts';
import { validateEnv, validateEnvFrom } from './env.ts';
import { validateDevices, validateMounts } from './mounts.ts';
import { validateResources } from './resources.ts';
import { invalidEach, required, requiredOneOf } from './rules.ts';
import { validateSecurityContext } from './security-context.ts';

export { validateResources } from './resources.ts';

/** What containers must know of their Pod. */
export interface ContainerContext {
  volumes: ReadonlyMap<string, Volume>;
  claims: ReadonlySet<string>;
  /** The Pod has a user namespace of its own. */
  ownUsers: boolean;
  podRestartPolicy: string | undefined;
}

export function validateContainerCommon(container: Container, path: string, context: ContainerContext): FieldError[] {
  const { name = '', image = '' } = container;
  const { volumes, claims } = context;
  return [
    ...(name ? invalidEach(`${path}.name`, name, isDNS1123Label(name)) : [fieldError.required(`${path}.name`)]),
    ...required(image, `${path}.image`),
    ...requiredOneOf(
      container.terminationMessagePolicy,
      ['File', 'FallbackToLogsOnError'],
      `${path}.terminationMessagePolicy`,
    ),
    ...validatePorts(container.ports ?? [], `${path}.ports`),
    ...validateEnv(container.env, `${path}.env`),
    ...validateEnvFrom(container.envFrom, `${path}.envFrom`),
    ...validateMounts(container, volumes, `${path}.volumeMounts`),
    ...validateDevices(container, volumes, `${path}.volumeDevices`),
    ...requiredOneOf(container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], `${path}.imagePullPolicy`),
    ...validateResources(container.resources, `${path}.resources`, claims),
    ...validateResizePolicies(container.resizePolicy ?? [], `${path}.resizePolicy`, context),
    ...validateSecurityContext(container.securityContext, `${path}.securityContext`, context),
  ];
}

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

function validatePorts(ports: readonly ContainerPort[], path: string): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, i) => {
    const at = `${path}[${i}]`;
    const errors: FieldError[] = [];
    if (port.name) {
      const problems = isValidPortName(port.name);
      if (problems.length > 0) errors.push(...invalidEach(`${at}.name`, port.name, problems));
      else if (names.has(port.name)) errors.push(fieldError.duplicate(`${at}.name`, port.name));
      else names.add(port.name);
    }
    if (!port.containerPort) errors.push(fieldError.required(`${at}.containerPort`));
    else errors.push(...invalidEach(`${at}.containerPort`, port.containerPort, isValidPortNum(port.containerPort)));
    if (port.hostPort) errors.push(...invalidEach(`${at}.hostPort`, port.hostPort, isValidPortNum(port.hostPort)));
    errors.push(...requiredOneOf(port.protocol, PROTOCOLS, `${at}.protocol`));
    return errors;
  });
}

/** Fields are reported as the list; only a second policy for a resource has an index. */
function validateResizePolicies(
  policies: readonly ContainerResizePolicy[],
  path: string,
  { podRestartPolicy }: ContainerContext,
): FieldError[] {
  const seen = new Set<string>();
  return policies.flatMap(({ resourceName = '', restartPolicy = '' }, i) => {
    const errors = seen.has(resourceName) ? [fieldError.duplicate(`${path}[${i}]`, resourceName)] : [];
    seen.add(resourceName);
    errors.push(...requiredOneOf(resourceName, ['cpu', 'memory'], path));
    errors.push(...requiredOneOf(restartPolicy, ['NotRequired', 'RestartContainer'], path));
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      const text = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
      errors.push(fieldError.invalid(path, restartPolicy, text));
    }
    return errors;
  });
}
