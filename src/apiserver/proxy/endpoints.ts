// services/<name>/proxy and pods/<name>/proxy: plain HTTP to what stands behind them. A name may carry scheme and
// port: `https:web:443` (apimachinery/pkg/util/net SplitSchemeNamePort).
import { endpointSlices, pods, services } from '../../api/resources.ts';
import { badRequest, notFound, serviceUnavailable } from '../../apimachinery/status-error.ts';
import type { CallHandler, ResourceCall } from '../call.ts';
import type { ObjectReader } from '../reader.ts';
import type { ApiResult } from '../request.ts';
import { admitConnect } from './connect-options.ts';
import { forward } from './forward.ts';

interface Named {
  scheme: 'http' | 'https';
  name: string;
  port: string;
}

export const podProxyHandler =
  (reader: ObjectReader): CallHandler =>
  async (call) => {
    await admitConnect(call);
    const { scheme, name, port } = splitName(call.info.name);
    const pod = reader.get(pods, call.info.namespace, name);
    if (!pod) throw notFound({ group: '', resource: 'pods' }, name);
    const address = pod.status?.podIP;
    if (!address) throw badRequest('address not allowed');
    const first = pod.spec.containers.flatMap(({ ports }) => ports ?? [])[0]?.containerPort;
    return await send(call, { scheme, address, port: port || String(first ?? '') });
  };

export const serviceProxyHandler =
  (reader: ObjectReader): CallHandler =>
  async (call) => {
    await admitConnect(call);
    const { scheme, name, port } = splitName(call.info.name);
    const service = reader.get(services, call.info.namespace, name);
    if (!service) throw notFound({ group: '', resource: 'services' }, name);
    const wanted = port
      ? service.spec?.ports?.find((one) => one.name === port || String(one.port) === port)
      : service.spec?.ports?.[0];
    if (!wanted)
      throw serviceUnavailable(`no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`);
    for (const slice of reader.list(endpointSlices, call.info.namespace)) {
      if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue;
      const target = slice.ports?.find((one) => (one.name ?? '') === (wanted.name ?? ''))?.port;
      const ready = slice.endpoints?.find(({ conditions }) => conditions?.ready !== false);
      const address = ready?.addresses[0];
      if (target && address) return await send(call, { scheme, address, port: String(target) });
    }
    throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  };

function splitName(text: string): Named {
  const parts = text.split(':');
  const [first = '', second = '', third = ''] = parts;
  if (parts.length === 1) return { scheme: 'http', name: first, port: '' };
  if (parts.length === 2) return { scheme: 'http', name: first, port: second };
  if (parts.length === 3 && ['', 'http', 'https'].includes(first)) {
    return { scheme: first === 'https' ? 'https' : 'http', name: second, port: third };
  }
  throw badRequest(`invalid service request ${JSON.stringify(text)}`);
}

async function send(
  { request, info, signal }: ResourceCall,
  { scheme, address, port }: { scheme: string; address: string; port: string },
): Promise<ApiResult> {
  const host = address.includes(':') ? `[${address}]` : address;
  const url = new URL(`${scheme}://${host}${port ? `:${port}` : ''}`);
  url.pathname = `/${info.parts.slice(3).map(encodeURIComponent).join('/')}${request.path.endsWith('/') && info.parts.length > 3 ? '/' : ''}`;
  url.search = request.query.toString();
  // Certificates of workloads are their own affair; upstream does not check them either.
  const tls = { rejectUnauthorized: false };
  return await forward(request, { url, method: request.method, ...(scheme === 'https' ? { tls } : {}) }, signal());
}
