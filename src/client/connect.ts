// A client by what is at hand in Node: the kubeconfig as kubectl finds it, or the service account of the pod.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Client } from './client.ts';
import { createClient } from './create-client.ts';
import { type HttpsTransport, type HttpsTransportOptions, httpsTransport } from './https-transport.ts';
import { ClientConfigError, loadClientConfig } from './kubeconfig.ts';

export interface ConnectOptions {
  /** This file only; else those of KUBECONFIG, else ~/.kube/config. */
  file?: string;
  /** Default: the current one. */
  context?: string;
  /** Names the program in the server's logs and in managedFields. */
  userAgent?: string;
}

export interface Connection {
  client: Client;
  transport: HttpsTransport;
  /** The context's, or the pod's. */
  namespace: string;
  /** Ends open requests, so that the program can end. */
  close(): Promise<void>;
}

/** Throws ClientConfigError. */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  const { userAgent, ...which } = options;
  const { transport, namespace } = await loadClientConfig({ env: process.env, home: homedir(), ...which });
  return connection(transport, namespace, userAgent);
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** From inside a pod, as client-go's rest.InClusterConfig. Throws ClientConfigError. */
export function connectInCluster(
  options: { userAgent?: string; env?: Readonly<Record<string, string | undefined>>; folder?: string } = {},
): Connection {
  const { env = process.env, folder = SERVICE_ACCOUNT, userAgent } = options;
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) {
    throw new ClientConfigError(
      'this is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; use connect() with a kubeconfig',
    );
  }
  const read = (name: string): string => {
    const file = path.join(folder, name);
    try {
      return readFileSync(file, 'utf8').trim();
    } catch (cause) {
      const why = (cause as Error).message;
      throw new ClientConfigError(`${file} cannot be read: ${why}: has the pod a service account token?`, cause);
    }
  };
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  // The token is rotated in its file, so it is read each time; that it is there at all is looked at now.
  read('token');
  const transport = { server, ca: read('ca.crt'), token: () => read('token') };
  return connection(transport, read('namespace'), userAgent);
}

function connection(options: HttpsTransportOptions, namespace: string, userAgent: string | undefined): Connection {
  const transport = httpsTransport({ ...options, ...(userAgent ? { userAgent } : {}) });
  return { client: createClient(transport), transport, namespace, close: () => transport.close() };
}
