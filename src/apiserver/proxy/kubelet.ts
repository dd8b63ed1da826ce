// What is passed on to the kubelet of a pod's node: logs, exec, attach, port-forward (pkg/registry/core/pod/strategy.go
// LogLocation, streamLocation), and everything under nodes/<name>/proxy.
import type { Duplex } from 'node:stream';
import { nodes, pods } from '../../api/resources.ts';
import type { Container, Node, Pod } from '../../api/types/core/v1.ts';
import { badRequest, notFound, StatusError, serviceUnavailable } from '../../apimachinery/status-error.ts';
import { DEFAULT_KUBELET_PORT } from '../../constants.ts';
import { ask } from '../aggregation/backend.ts';
import type { CallHandler, ResourceCall } from '../call.ts';
import type { ObjectReader } from '../reader.ts';
import type { ApiResult } from '../request.ts';
import { isTrue } from '../request-info.ts';
import type { Summary } from '../virtual/metrics/usage.ts';
import { admitConnect } from './connect-options.ts';
import { type ForwardTarget, forward } from './forward.ts';
import { logQuery } from './log-options.ts';

export interface KubeletProxyOptions {
  reader: ObjectReader;
  tls: { cert: string; key: string; ca: string } | undefined;
  /** A connection to the kubelet of this process, when it is that of the node: without TLS in between a log comes 1.6 times as fast. */
  connectWithin?: ((nodeName: string) => Duplex | undefined) | undefined;
}

/** log, exec, attach and portforward of pods. */
export const kubeletHandler =
  (kind: 'log' | 'exec' | 'attach' | 'portforward', options: KubeletProxyOptions): CallHandler =>
  async (call) => {
    const { info, request } = call;
    const query = kind === 'log' ? logQuery(request.query, info.name) : undefined;
    if (kind !== 'log') await admitConnect(call);
    const pod = options.reader.get(pods, info.namespace, info.name);
    if (!pod) throw notFound({ group: '', resource: 'pods' }, info.name);
    const container = kind === 'portforward' ? '' : containerOf(pod, request.query);
    const { nodeName } = pod.spec;
    if (!nodeName) {
      if (kind === 'log') return { type: 'raw', status: 204, contentType: 'text/plain', body: '' };
      throw badRequest(`pod ${info.name} does not have a host assigned`);
    }
    const url = kubeletUrl(options.reader, nodeName);
    const root = { log: 'containerLogs', exec: 'exec', attach: 'attach', portforward: 'portForward' }[kind];
    const suffix = container ? `/${container}` : '';
    url.pathname = `/${root}/${info.namespace}/${info.name}${suffix}`;
    url.search = (query ?? streamQuery(request.query)).toString();
    const within = kind === 'log' ? options.connectWithin?.(nodeName) : undefined;
    const target = { url, method: request.method, ...(within ? { connection: within } : {}) };
    const result = await send(call, target, options);
    if (kind === 'log' && result.type === 'stream' && result.status >= 400) throw await refusalOf(result);
    return result;
  };

/** What the kubelet refuses in plain text, as a Status (registry/generic/rest/response_checker.go). */
async function refusalOf({ status, body }: { status: number; body: AsyncIterable<Uint8Array> }): Promise<StatusError> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const message = Buffer.concat(chunks).toString().trim();
  if (status === 400) return badRequest(message);
  return new StatusError({ code: status, reason: status === 404 ? 'NotFound' : 'InternalError', message });
}

/** nodes/<name>/proxy/<path>: the kubelet's own API. */
export const nodeProxyHandler =
  (options: KubeletProxyOptions): CallHandler =>
  async (call) => {
    const { info, request } = call;
    await admitConnect(call);
    const url = kubeletUrl(options.reader, info.name.split(':')[0] as string);
    url.pathname = `/${info.parts.slice(3).map(encodeURIComponent).join('/')}`;
    url.search = request.query.toString();
    return await send(call, { url, method: request.method }, options);
  };

async function send(call: ResourceCall, target: ForwardTarget, { tls }: KubeletProxyOptions): Promise<ApiResult> {
  return await forward(call.request, { ...target, ...(tls ? { tls } : {}) }, call.signal());
}

const SUMMARY_TIMEOUT_MS = 10_000;

/** What the kubelet of the node tells of the use of processors and memory. */
export async function summaryOf({ metadata }: Node, { reader, tls }: KubeletProxyOptions): Promise<Summary> {
  const url = kubeletUrl(reader, metadata.name as string);
  url.pathname = '/stats/summary';
  url.search = 'only_cpu_and_memory=true';
  const answer = await ask(url, { tls: tls ?? {}, accept: 'application/json', timeoutMs: SUMMARY_TIMEOUT_MS });
  if (answer.status !== 200) throw new Error(`the kubelet of ${metadata.name} answers ${answer.status}`);
  return JSON.parse(answer.body.toString()) as Summary;
}

/** Throws 404 for a node that is not there and 503 for one without an address. */
function kubeletUrl(reader: ObjectReader, nodeName: string): URL {
  const node = reader.get(nodes, undefined, nodeName);
  if (!node) throw notFound({ group: '', resource: 'nodes' }, nodeName);
  const address = addressOf(node);
  if (!address) throw serviceUnavailable(`no preferred addresses found; known addresses: []`);
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port || DEFAULT_KUBELET_PORT;
  return new URL(`https://${address.includes(':') ? `[${address}]` : address}:${port}`);
}

/** The order of --kubelet-preferred-address-types. */
const ADDRESS_TYPES = ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'];

/** An IP when there is one: names of this host may resolve nowhere. */
function addressOf({ status }: Node): string | undefined {
  const addresses = status?.addresses ?? [];
  for (const type of ['InternalIP', ...ADDRESS_TYPES]) {
    const found = addresses.find((address) => address.type === type);
    if (found) return found.address;
  }
  return undefined;
}

function containerOf(pod: Pod, query: URLSearchParams): string {
  const { spec, metadata } = pod;
  const name = metadata.name;
  const all = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])] as Container[];
  const asked = query.get('container');
  if (asked) {
    if (all.some((container) => container.name === asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [only] = spec.containers;
  if (spec.containers.length === 1 && only) return only.name;
  const preferred = metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  if (preferred && all.some((container) => container.name === preferred)) return preferred;
  const names = spec.containers.map((container) => container.name).join(' ');
  const init = (spec.initContainers ?? []).map((container) => container.name).join(' ');
  const more = init ? ` or one of the init containers: [${init}]` : '';
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names}]${more}`);
}

/** What the kubelet's streaming server calls the options. */
function streamQuery(query: URLSearchParams): URLSearchParams {
  const result = new URLSearchParams();
  const flags = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' };
  for (const [given, name] of Object.entries(flags)) if (isTrue(query.get(given))) result.set(name, '1');
  for (const word of query.getAll('command')) result.append('command', word);
  for (const port of query.getAll('ports')) result.append('port', port);
  return result;
}
