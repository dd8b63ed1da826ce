// The store, the keys and the API server, put together: what every cluster has, and all that
// `--components=apiserver` runs.
import { builtinSchema } from '../api/facts.ts';
import { builtinDefinitions } from '../api/index.ts';
import { admissionPlugins } from '../apiserver/admission/chain.ts';
import { createAuthenticator } from '../apiserver/authentication/authenticator.ts';
import { createServiceAccountTokens, type ServiceAccountTokens } from '../apiserver/authentication/tokens.ts';
import { createAuthorizer } from '../apiserver/authorization/authorizer.ts';
import { startChecks } from '../apiserver/paths/health-checks.ts';
import { type ApiServer, createApiServer, type ServerParts } from '../apiserver/server.ts';
import { createClient } from '../client/create-client.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { ensurePki, type Pki } from '../pki/pki.ts';
import type { Storage } from '../storage/storage.ts';
import { dnsAddress, nthAddress } from './addresses.ts';
import { writeBootstrapObjects } from './bootstrap.ts';
import { hostAddresses } from './host.ts';
import { LOOPBACK } from './identities.ts';
import { createKubeletDoor, type KubeletDoor } from './kubelet-door.ts';
import type { Config } from './options.ts';
import { shownSettings } from './shown-settings.ts';
import { observeStore, storeCheck } from './store-health.ts';

export interface ControlPlane {
  storage: Storage;
  pki: Pki;
  api: ApiServer;
  tokens: ServiceAccountTokens;
  kubeletDoor: KubeletDoor;
  advertiseAddress: string;
  serviceIp: string;
  dnsIp: string;
  /** Writes the objects every cluster has, through the API; /readyz says no before. */
  bootstrap(): Promise<void>;
}

export interface ControlPlaneOptions {
  config: Config;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** The store, being opened. */
  opened: Promise<Storage>;
  advertiseAddress: string;
}

/** Makes missing keys while the store opens; the API answers in this process on return. */
export async function openControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { config, clock, log, metrics, opened, advertiseAddress } = options;
  const serviceIp = nthAddress(config['service-cidr'], 1);
  const [storage, pki] = await Promise.all([
    opened,
    ensurePki(config['data-dir'], {
      nodeName: config['node-name'],
      names: config['tls-san'],
      ips: [...new Set(['127.0.0.1', '::1', serviceIp, advertiseAddress, ...hostAddresses()])],
      clusterDomain: config['cluster-domain'],
      clock,
    }),
  ]).catch(async (error: unknown) => {
    await opened.then((store) => store.close()).catch(() => undefined); // the first error is the one to tell
    throw error;
  });

  observeStore(storage, metrics);
  let bootstrapped = false;
  const issuer = `https://kubernetes.default.svc.${config['cluster-domain']}`;
  let tokens: ServiceAccountTokens | undefined;
  const tokensOf = ({ reader }: ServerParts): ServiceAccountTokens => {
    tokens ??= createServiceAccountTokens({ key: pki.serviceAccountKey, issuer, reader, clock });
    return tokens;
  };
  const kubeletDoor = createKubeletDoor(config['node-name']);
  const api = createApiServer({
    storage,
    definitions: builtinDefinitions(),
    types: builtinSchema,
    clock,
    log: log.child({ component: 'apiserver' }),
    metrics,
    authenticator: (parts) =>
      createAuthenticator({
        clientCa: pki.ca.cert,
        frontProxyCa: pki.frontProxyCa.cert,
        tokens: tokensOf(parts),
        reader: parts.reader,
        clock,
        ...(config.token ? { staticToken: config.token } : {}),
      }),
    authorizer: ({ reader }) => createAuthorizer(reader),
    admission: admissionPlugins,
    tokens: tokensOf,
    listen: {
      tls: { cert: pki.serving.cert, key: pki.serving.key, clientCa: [pki.ca.cert, pki.frontProxyCa.cert].join('\n') },
      bindAddress: config['bind-address'],
      port: config.port,
    },
    ...(config.token ? { staticToken: config.token } : {}),
    cbor: config['feature-gates'].includes('CBORServingAndStorage'),
    issuer,
    serviceCidr: config['service-cidr'],
    nodePortRange: `${config['node-port-range'].from}-${config['node-port-range'].to}`,
    kubeletTls: { ...pki.apiserverKubeletClient, ca: pki.ca.cert },
    connectKubelet: kubeletDoor.connect,
    nodeMetrics: config.components.includes('kubelet'),
    frontProxy: pki.frontProxyClient,
    startChecks: startChecks(() => bootstrapped),
    readyChecks: [storeCheck(storage)],
    flags: shownSettings(config),
    advertiseAddress,
  });
  const dnsIp = dnsAddress(config);
  return {
    storage,
    pki,
    api,
    tokens: tokensOf(api),
    kubeletDoor,
    advertiseAddress,
    serviceIp,
    dnsIp,
    async bootstrap() {
      await writeBootstrapObjects({
        client: createClient(api.transport(LOOPBACK)),
        reader: api.reader,
        serviceIp,
        serviceCidr: config['service-cidr'],
        clock,
        dnsIp,
        apiPort: config.port,
        advertiseAddress,
        clientCa: pki.ca.cert,
        frontProxyCa: pki.frontProxyCa.cert,
      });
      await Promise.all([api.registerApiServices(), api.repairAddresses()]);
      bootstrapped = true;
    },
  };
}
