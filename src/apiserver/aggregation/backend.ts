// Where the server behind an APIService is reached, and as whom: through its Service's endpoints, with the front
// proxy's certificate, the caller named in headers (kube-aggregator/pkg/apiserver/handler_proxy.go).
import https from 'node:https';
import { endpointSlices, services } from '../../api/resources.ts';
import type { APIService } from '../../api/types/apiregistration/v1.ts';
import type { EndpointSlice } from '../../api/types/discovery/v1.ts';
import type { UserInfo } from '../identity.ts';
import type { ForwardTarget } from '../proxy/forward.ts';
import type { ObjectReader } from '../reader.ts';

/** The certificate that servers behind APIServices know this one by (PEM). */
export interface FrontProxy {
  cert: string;
  key: string;
}

/** Why a Service cannot be reached: reason and message of the condition Available. */
export interface Unreachable {
  reason: string;
  message: string;
}

/** Address and port of an endpoint of the Service that is named (by an APIService or a webhook), or why there is none. */
export function endpointOf(
  reader: ObjectReader,
  { spec }: { spec: Pick<APIService['spec'], 'service'> },
): URL | Unreachable {
  const { namespace = '', name = '', port = 443 } = spec.service ?? {};
  const quoted = JSON.stringify(namespace);
  const service = reader.get(services, namespace, name);
  if (!service) {
    return { reason: 'ServiceNotFound', message: `service/${name} in ${quoted} is not present` };
  }
  if (service.spec?.type === 'ExternalName') return urlOf(service.spec.externalName ?? '', port);
  const servicePort = service.spec?.ports?.find((one) => one.port === port);
  if (!servicePort) {
    return { reason: 'ServicePortError', message: `service/${name} in ${quoted} is not listening on port ${port}` };
  }
  const slices = reader
    .list<EndpointSlice>(endpointSlices, namespace)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
  if (slices.length === 0) {
    return {
      reason: 'EndpointsNotFound',
      message: `cannot find endpointslices for service/${name} in ${quoted}`,
    };
  }
  for (const { ports, endpoints } of slices) {
    const target = ports?.find((one) => (one.name ?? '') === (servicePort.name ?? ''))?.port;
    const address = endpoints?.find(({ conditions }) => conditions?.ready !== false)?.addresses[0];
    if (target && address) return urlOf(address, target);
  }
  return {
    reason: 'MissingEndpoints',
    message: `endpointslices for service/${name} in ${quoted} have no addresses with port name ${JSON.stringify(servicePort.name ?? '')}`,
  };
}

const urlOf = (host: string, port: number): URL =>
  new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`);

/** Its certificate is checked against caBundle for the Service's name, unless the APIService waives that. */
export function tlsOf({ spec }: APIService, frontProxy: FrontProxy | undefined): NonNullable<ForwardTarget['tls']> {
  const { service, caBundle, insecureSkipTLSVerify } = spec;
  return {
    ...frontProxy,
    ...(caBundle ? { ca: Buffer.from(caBundle, 'base64').toString() } : {}),
    rejectUnauthorized: !insecureSkipTLSVerify,
    servername: `${service?.name}.${service?.namespace}.svc`,
  };
}

/** The headers that name a user to a server that trusts the front proxy. Keys of extras are percent-encoded. */
export function userHeaders({ username, uid, groups, extra }: UserInfo): Record<string, string | string[]> {
  const extras = Object.entries(extra ?? {}).map(([key, values]) => [
    `x-remote-extra-${encodeURIComponent(key.toLowerCase()).replace(/[()*!']/g, (c) => `%${c.charCodeAt(0).toString(16)}`)}`,
    [...values],
  ]);
  return {
    'x-remote-user': username,
    ...(uid ? { 'x-remote-uid': uid } : {}),
    ...(groups.length > 0 ? { 'x-remote-group': [...groups] } : {}),
    ...Object.fromEntries(extras),
  };
}

/** As whom this server asks for itself. */
const AGGREGATOR: UserInfo = { username: 'system:kube-aggregator', groups: ['system:masters'] };

export interface BackendAnswer {
  status: number;
  contentType: string;
  etag: string;
  body: Buffer;
}

const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** A GET by this server itself; rejects when there is no answer within `timeoutMs`. */
export function ask(
  url: URL,
  options: { tls: NonNullable<ForwardTarget['tls']>; accept: string; timeoutMs: number; etag?: string },
): Promise<BackendAnswer> {
  const { tls, accept, timeoutMs, etag } = options;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = { ...userHeaders(AGGREGATOR), accept, ...(etag ? { 'if-none-match': etag } : {}) };
    const request = https.get(url, { ...tls, agent: false, signal, headers });
    request.on('error', (error) =>
      reject(signal.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`, { cause: error }) : error),
    );
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BODY_BYTES) request.destroy(new Error(`an answer of more than ${MAX_BODY_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          contentType: response.headers['content-type'] ?? '',
          etag: response.headers.etag ?? '',
          body: Buffer.concat(chunks),
        }),
      );
    });
  });
}
