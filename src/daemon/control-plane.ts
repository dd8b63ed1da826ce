// The store, the keys and the API server, put together: what every cluster has, and all that
// `--components=apiserver` runs.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import ipaddr from 'ipaddr.js';
import { builtinSchema } from '../api/facts.ts';
import { builtinDefinitions } from '../api/index.ts';
import { admissionPlugins } from '../apiserver/admission/chain.ts';
import { createAuthenticator } from '../apiserver/authentication/authenticator.ts';
import { createServiceAccountTokens, type ServiceAccountTokens } from '../apiserver/authentication/tokens.ts';
import { createAuthorizer } from '../apiserver/authorization/authorizer.ts';
import { type ApiServer, createApiServer, type ServerParts } from '../apiserver/server.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { ensurePki, type Pki } from '../pki/pki.ts';
import { openStorage } from '../storage/open.ts';
import type { Storage } from '../storage/storage.ts';
import { hostAddresses } from './host.ts';
import type { Config } from './options.ts';

export interface ControlPlane {
  storage: Storage;
  pki: Pki;
  api: ApiServer;
  tokens: ServiceAccountTokens;
  advertiseAddress: string;
  serviceIp: string;
  dnsIp: string;
}

export interface ControlPlaneOptions {
  config: Config;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  advertiseAddress: string;
  /** Called once when only a restart can help the store. */
  onStorageFailure(reason: string): void;
  /** Throws while the server is not ready. */
  ready(): void;
}

/** The n-th address of a range. */
export function nthAddress(cidr: string, n: number): string {
  const bytes = ipaddr.IPv4.networkAddressFromCIDR(cidr).toByteArray();
  const number = bytes.reduce((sum, byte) => sum * 256 + byte, 0) + n;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/** Opens the store and makes missing keys at the same time; the API answers in this process on return. */
export async function openControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { config, clock, log, metrics, advertiseAddress } = options;
  const serviceIp = nthAddress(config['service-cidr'], 1);
  mkdirSync(config['data-dir'], { recursive: true, mode: 0o700 });
  const storageUrl = config.storage || `sqlite:${path.join(config['data-dir'], 'state.db')}`;
  const opening = openStorage(storageUrl, {
    clock,
    log: log.child({ component: 'storage' }),
    onFailure: ({ message }) => options.onStorageFailure(message),
  });
  const [storage, pki] = await Promise.all([
    opening,
    ensurePki(config['data-dir'], {
      nodeName: config['node-name'],
      names: config['tls-san'],
      ips: [...new Set(['127.0.0.1', '::1', serviceIp, advertiseAddress, ...hostAddresses()])],
      clusterDomain: config['cluster-domain'],
      clock,
    }),
  ]).catch(async (error: unknown) => {
    await opening.then((opened) => opened.close()).catch(() => undefined); // the first error is the one to tell
    throw error;
  });

  const issuer = `https://kubernetes.default.svc.${config['cluster-domain']}`;
  let tokens: ServiceAccountTokens | undefined;
  const tokensOf = ({ reader }: ServerParts): ServiceAccountTokens => {
    tokens ??= createServiceAccountTokens({ key: pki.serviceAccountKey, issuer, reader, clock });
    return tokens;
  };
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
    authorizer: ({ reader }) => createAuthorizer(reader).authorizer,
    admission: admissionPlugins,
    tokens: tokensOf,
    listen: {
      tls: { cert: pki.serving.cert, key: pki.serving.key, clientCa: [pki.ca.cert, pki.frontProxyCa.cert].join('\n') },
      bindAddress: config['bind-address'],
      port: config.port,
    },
    issuer,
    serviceCidr: config['service-cidr'],
    nodePortRange: `${config['node-port-range'].from}-${config['node-port-range'].to}`,
    kubeletTls: { ...pki.apiserverKubeletClient, ca: pki.ca.cert },
    readyChecks: [{ name: 'bootstrap', check: options.ready }],
  });
  return {
    storage,
    pki,
    api,
    tokens: tokensOf(api),
    advertiseAddress,
    serviceIp,
    dnsIp: nthAddress(config['service-cidr'], 10),
  };
}
