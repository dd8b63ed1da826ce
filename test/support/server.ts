// A whole API server in this process: memory storage unless told otherwise, default admission and RBAC, the clock the
// test gives it.
// Without `port` there is only the loopback; with it HTTPS on a free port of 127.0.0.1.
import type { Duplex } from 'node:stream';
import { builtinDefinitions, builtinSchema } from '../../src/api/index.ts';
import { namespaces, serviceAccounts } from '../../src/api/resources.ts';
import { admissionPlugins } from '../../src/apiserver/admission/chain.ts';
import { createAuthenticator } from '../../src/apiserver/authentication/authenticator.ts';
import { createServiceAccountTokens } from '../../src/apiserver/authentication/tokens.ts';
import { createAuthorizer } from '../../src/apiserver/authorization/authorizer.ts';
import type { UserInfo } from '../../src/apiserver/identity.ts';
import { type ApiServer, createApiServer } from '../../src/apiserver/server.ts';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/create-client.ts';
import type { Clock } from '../../src/clock.ts';
import { type Logger, silentLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { createAuthority, createPrivateKeyPem, issueCertificate } from '../../src/pki/certificate.ts';
import { type OpenOptions, openStorage } from '../../src/storage/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { fakeClock } from './fake-clock.ts';

export const ADMIN: UserInfo = { username: 'admin', uid: '1', groups: ['system:masters', 'system:authenticated'] };

export interface TestServerOptions {
  /** Default: a fake clock. */
  clock?: Clock;
  log?: Logger;
  /** HTTPS as well; 0 takes any free port. */
  port?: number;
  /** Token of user admin; only with a port. */
  staticToken?: string;
  /** Towards kubelets. */
  kubeletTls?: { cert: string; key: string; ca: string };
  /** To a kubelet of this process. */
  connectKubelet?: (nodeName: string) => Duplex | undefined;
  /** Towards the servers behind APIServices. */
  frontProxy?: { cert: string; key: string };
  /** Namespaces made beforehand, each with its ServiceAccount "default"; 'default' when not given. */
  namespaces?: readonly string[];
  /** URL of the store; 'memory:' when not given. What is there already is served on. */
  storageUrl?: string;
  storageOptions?: Partial<OpenOptions>;
  /** 0 ≤ n < 1; for generated names. */
  random?: () => number;
  /** Serves CBOR as well. */
  cbor?: boolean;
  /** Serves metrics.k8s.io as well. */
  nodeMetrics?: boolean;
}

export interface TestServer {
  server: ApiServer;
  storage: Storage;
  /** As admin, over the loopback. */
  client: Client;
  /** PEM of the authority of the port's certificate and of client certificates. */
  ca: string;
  stop(): Promise<void>;
}

const ISSUER = 'https://kubernetes.default.svc.cluster.local';

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { clock = fakeClock(), log = silentLogger, port, staticToken } = options;
  const storage = await openStorage(options.storageUrl ?? 'memory:', { clock, log, ...options.storageOptions });
  // TLS looks at the real time, whatever the test's clock says.
  const validity = { notBefore: Date.UTC(2020), notAfter: Date.UTC(2049) };
  const authority = await createAuthority('test', validity);
  const serving = await issueCertificate(authority, {
    commonName: 'kube-apiserver',
    dnsNames: ['localhost'],
    ips: ['127.0.0.1'],
    usages: ['server'],
    ...validity,
  });
  const key = await createPrivateKeyPem();
  const server = createApiServer({
    storage,
    definitions: builtinDefinitions(),
    types: builtinSchema,
    clock,
    log,
    metrics: createMetrics(),
    tokens: ({ reader }) => createServiceAccountTokens({ key, issuer: ISSUER, reader, clock }),
    authenticator: ({ reader, tokens }) =>
      createAuthenticator({ clientCa: authority.cert, tokens, reader, clock, ...(staticToken ? { staticToken } : {}) }),
    authorizer: ({ reader }) => createAuthorizer(reader),
    admission: admissionPlugins,
    ...(staticToken ? { staticToken } : {}),
    issuer: ISSUER,
    serviceCidr: '10.43.0.0/16',
    nodePortRange: '30000-32767',
    ...(options.cbor ? { cbor: true } : {}),
    ...(options.nodeMetrics ? { nodeMetrics: true } : {}),
    ...(options.random ? { random: options.random } : {}),
    ...(options.frontProxy ? { frontProxy: options.frontProxy } : {}),
    ...(options.kubeletTls ? { kubeletTls: options.kubeletTls } : {}),
    ...(options.connectKubelet ? { connectKubelet: options.connectKubelet } : {}),
    ...(port === undefined
      ? {}
      : { listen: { bindAddress: '127.0.0.1', port, tls: { ...serving, clientCa: authority.cert } } }),
  });
  await server.start();
  const client = createClient(server.transport(ADMIN));
  for (const name of options.namespaces ?? ['default']) {
    await client.create(namespaces, { metadata: { name }, spec: {} });
    await client.create(serviceAccounts, { metadata: { name: 'default', namespace: name } });
  }
  return {
    server,
    storage,
    client,
    ca: authority.cert,
    async stop() {
      await server.stop();
      await storage.close();
    },
  };
}
