// The environment of a container in upstream's order (kubelet_pods.go makeEnvironmentVariables): envFrom, then env with
// $(NAME) expanded; service variables come first and give way to both.
import type { ConfigMap, Container, EnvVar, Pod, Secret, Service } from '../api/types/core/v1.ts';
import { RuntimeError } from './cri/runtime.ts';
import { envFileValue } from './env-file.ts';
import { fieldValue, type NodeFacts, resourceValue } from './field-path.ts';
import { specOf } from './pod-record.ts';

export interface EnvironmentSources {
  configMap(name: string): Promise<ConfigMap | undefined>;
  secret(name: string): Promise<Secret | undefined>;
  /** The text of a file in a volume of the pod. */
  file(volume: string, path: string): Promise<{ text: string; hostPath: string }>;
  /** Services of the pod's namespace, and kubernetes of default. */
  services: readonly Service[];
  podIPs: readonly string[];
  node: NodeFacts;
}

const configError = (message: string) => new RuntimeError('CreateContainerConfigError', message);

/** Throws RuntimeError CreateContainerConfigError for what is missing and not optional. */
export async function environmentOf(
  container: Container,
  pod: Pod,
  given: EnvironmentSources,
): Promise<{ name: string; value: string }[]> {
  const result = new Map<string, string>();
  // Keys of one object belong together: all come from the same state of it.
  const sources = { ...given, configMap: once(given.configMap), secret: once(given.secret) };
  for (const source of container.envFrom ?? []) {
    for (const [key, value] of Object.entries(await envFromValues(source, pod, sources))) {
      result.set(`${source.prefix ?? ''}${key}`, value);
    }
  }
  const service = serviceEnvironment(specOf(pod), pod.metadata.namespace ?? '', sources.services);
  // What a later variable may refer to: service variables, then all that came before it.
  const lookup = (name: string) => result.get(name) ?? service.get(name);
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? await valueFrom(variable, { pod, container, sources })
      : expand(variable.value ?? '', lookup);
    if (value !== undefined) result.set(variable.name, value);
  }
  const merged = [...new Map([...service, ...result])].map(([name, value]) => ({ name, value }));
  for (const { name, value } of merged) {
    if (value.includes('\0')) {
      throw configError(`the value of environment variable ${name} has a NUL byte, which no process can be given`);
    }
  }
  return merged;
}

/** $(NAME) becomes its value, $$ a dollar; what is not known stays (third_party/forked/golang/expansion). */
export const expand = (text: string, lookup: (name: string) => string | undefined): string =>
  text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (lookup(name) ?? whole),
  );

function once<T>(find: (name: string) => Promise<T>): (name: string) => Promise<T> {
  const found = new Map<string, Promise<T>>();
  return (name) => {
    const known = found.get(name) ?? find(name);
    found.set(name, known);
    return known;
  };
}

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

async function envFromValues(
  source: NonNullable<Container['envFrom']>[number],
  pod: Pod,
  sources: EnvironmentSources,
): Promise<Record<string, string>> {
  const namespace = pod.metadata.namespace;
  if (source.configMapRef) {
    const { name = '', optional } = source.configMapRef;
    const map = await sources.configMap(name);
    if (!map && !optional) throw configError(`configmap "${name}" not found`);
    return map?.data ?? {};
  }
  if (source.secretRef) {
    const { name = '', optional } = source.secretRef;
    const secret = await sources.secret(name);
    if (!secret && !optional) throw configError(`secret "${name}" not found`);
    return Object.fromEntries(Object.entries(secret?.data ?? {}).map(([key, value]) => [key, decode(value)]));
  }
  throw configError(`an envFrom of pod ${namespace}/${pod.metadata.name} names no source`);
}

/** undefined: optional and not there. */
async function valueFrom(
  variable: EnvVar,
  { pod, container, sources }: { pod: Pod; container: Container; sources: EnvironmentSources },
): Promise<string | undefined> {
  const from = variable.valueFrom ?? {};
  const place = (name: string | undefined) => `${pod.metadata.namespace}/${name}`;
  if (from.fieldRef) return fieldValue(from.fieldRef.fieldPath, pod, sources);
  if (from.resourceFieldRef) return resourceValue(from.resourceFieldRef, pod, container, sources.node);
  if (from.configMapKeyRef) {
    const { name = '', key, optional } = from.configMapKeyRef;
    const map = await sources.configMap(name);
    if (!map && !optional) throw configError(`configmap "${name}" not found`);
    const value = map?.data?.[key];
    if (value === undefined && !optional) throw configError(`couldn't find key ${key} in ConfigMap ${place(name)}`);
    return value;
  }
  if (from.secretKeyRef) {
    const { name = '', key, optional } = from.secretKeyRef;
    const secret = await sources.secret(name);
    if (!secret && !optional) throw configError(`secret "${name}" not found`);
    const value = secret?.data?.[key];
    if (value === undefined && !optional) throw configError(`couldn't find key ${key} in Secret ${place(name)}`);
    return value === undefined ? undefined : decode(value);
  }
  if (from.fileKeyRef) {
    const { volumeName, path, key, optional } = from.fileKeyRef;
    const { text, hostPath } = await sources.file(volumeName, path).catch(wrongFile);
    const value = parsed(text, key);
    if (value === '' && !optional)
      throw configError(`environment variable key "${key}" not found in file "${hostPath}"`);
    return value === '' ? undefined : value;
  }
  throw configError(`the source of environment variable ${variable.name} is not supported by this kubelet`);
}

/** Upstream says only the first words; what is wrong with the file is no secret of the host. */
function wrongFile(cause: Error): never {
  if (cause instanceof RuntimeError) throw cause;
  throw new RuntimeError('CreateContainerConfigError', `couldn't parse env file: ${cause.message}`, cause);
}

function parsed(text: string, key: string): string {
  try {
    return envFileValue(text, key);
  } catch (cause) {
    return wrongFile(cause as Error);
  }
}

/** Docker's link variables (pkg/kubelet/envvars); without enableServiceLinks only those of kubernetes. */
function serviceEnvironment(
  spec: { enableServiceLinks?: boolean },
  namespace: string,
  services: readonly Service[],
): Map<string, string> {
  const result = new Map<string, string>();
  const linked = services
    .filter((s) => {
      const isMaster = s.metadata.namespace === 'default' && s.metadata.name === 'kubernetes';
      return isMaster || (spec.enableServiceLinks !== false && s.metadata.namespace === namespace);
    })
    .toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  for (const {
    metadata,
    spec: { clusterIP, ports = [] },
  } of linked) {
    const first = ports[0];
    if (!clusterIP || clusterIP === 'None' || !first) continue;
    const name = (metadata.name ?? '').toUpperCase().replaceAll('-', '_');
    const host = clusterIP.includes(':') ? `[${clusterIP}]` : clusterIP;
    result.set(`${name}_SERVICE_HOST`, clusterIP);
    result.set(`${name}_SERVICE_PORT`, String(first.port));
    for (const port of ports) {
      if (port.name)
        result.set(`${name}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`, String(port.port));
    }
    const urlOf = (port: { protocol?: string; port: number }) =>
      `${(port.protocol ?? 'TCP').toLowerCase()}://${host}:${port.port}`;
    result.set(`${name}_PORT`, urlOf(first));
    for (const port of ports) {
      const protocol = port.protocol ?? 'TCP';
      const prefix = `${name}_PORT_${port.port}_${protocol}`;
      result.set(prefix, urlOf(port));
      result.set(`${prefix}_PROTO`, protocol.toLowerCase());
      result.set(`${prefix}_PORT`, String(port.port));
      result.set(`${prefix}_ADDR`, clusterIP);
    }
  }
  return result;
}
