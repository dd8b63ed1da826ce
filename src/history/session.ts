// What the commands of history work with: one server, as a kubeconfig names it, and its memory.
import type { Client } from '../client/client.ts';
import { createClient } from '../client/create-client.ts';
import { httpsTransport } from '../client/https-transport.ts';
import { type ClientConfigOptions, loadClientConfig } from '../client/kubeconfig.ts';
import { createRestMapper, type RestMapper, type ServedResource } from '../client/rest-mapper.ts';
import type { Transport } from '../client/transport.ts';
import { createPast, type ObjectName, type Past } from './past.ts';

export interface Session {
  transport: Transport;
  client: Client;
  mapper: RestMapper;
  past: Past;
  /** --namespace, else the context's. */
  namespace: string;
  /** As the kubeconfig names it. */
  server: string;
  close(): Promise<void>;
}

export interface SessionOptions extends ClientConfigOptions {
  namespace?: string;
  userAgent: string;
}

/** Throws ClientConfigError. */
export async function openSession({ namespace, userAgent, ...options }: SessionOptions): Promise<Session> {
  const config = await loadClientConfig(options);
  const transport = httpsTransport({ ...config.transport, userAgent });
  const { server } = config.transport;
  return {
    transport,
    client: createClient(transport),
    mapper: createRestMapper(transport),
    past: createPast(transport, server),
    namespace: namespace ?? config.namespace,
    server,
    close: () => transport.close(),
  };
}

/** The words after a command name no object; the message says how to. */
export class ArgumentError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ArgumentError';
  }
}

/** KIND NAME or KIND/NAME. */
export async function objectNamed(
  { mapper, namespace }: Pick<Session, 'mapper' | 'namespace'>,
  words: readonly string[],
): Promise<ObjectName & { type: ServedResource }> {
  const { kind, name, more } = splitWords(words);
  if (!name || more)
    throw new ArgumentError(`name one object: KIND NAME or KIND/NAME, not ${JSON.stringify(words.join(' '))}`);
  const type = await mapper.resolve(kind);
  return { type, namespace: type.namespaced ? namespace : undefined, name };
}

/** Throws ArgumentError when there is no kind. */
export function splitWords(words: readonly string[]): { kind: string; name: string | undefined; more: boolean } {
  const [first = '', second, ...rest] = words;
  const [kind = '', name, ...parts] = first.split('/');
  if (!kind) throw new ArgumentError('name a kind, such as deployment, deploy or deployments.apps');
  if (parts.length > 0) throw new ArgumentError(`${JSON.stringify(first)} is neither KIND nor KIND/NAME`);
  if (name === undefined) return { kind, name: second, more: rest.length > 0 };
  return { kind, name, more: second !== undefined };
}

/** As kubectl prints names: deployment.apps/web. */
export const formatName = ({ type, name }: ObjectName): string => {
  const singular = (type as Partial<ServedResource>).singular ?? type.kind.toLowerCase();
  return `${singular}${type.group ? `.${type.group}` : ''}/${name}`;
};
