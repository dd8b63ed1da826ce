// An HTTP GET as probes and lifecycle hooks make it: pkg/probe/http. 200-399 is success, redirects are followed on the
// same host, certificates are not verified, at most 10 KiB of the answer are kept.
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Container, HTTPGetAction } from '../../api/types/core/v1.ts';
import type { ActionResult } from './action.ts';

const MAX_BODY = 10 * 1024;
const MAX_REDIRECTS = 10;

/** The number behind a port's number or name. */
export function resolvePort(port: number | string, container: Container): number {
  const number = typeof port === 'number' ? port : /^\d+$/.test(port) ? Number(port) : undefined;
  const found = number ?? container.ports?.find((p) => p.name === port)?.containerPort;
  if (found === undefined || found < 1 || found > 65_535) {
    throw new Error(typeof port === 'number' ? `invalid port number: ${port}` : `couldn't find port: ${port}`);
  }
  return found;
}

export function urlOf(action: HTTPGetAction, target: { host: string; container: Container }): URL {
  const host = action.host || target.host;
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
  const port = resolvePort(action.port, target.container);
  return new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`);
}

export async function httpGet(
  action: HTTPGetAction,
  target: { host: string; container: Container; signal: AbortSignal },
): Promise<ActionResult> {
  const url = urlOf(action, target);
  const headers = headersOf(action);
  try {
    return await follow(url, { headers, signal: target.signal, left: MAX_REDIRECTS });
  } catch (error) {
    return { ok: false, output: `Get "${url}": ${told(error as NodeJS.ErrnoException, url)}` };
  }
}

function headersOf(action: HTTPGetAction): Record<string, string | string[]> {
  const headers: Record<string, string[]> = {};
  for (const { name, value } of action.httpHeaders ?? []) {
    const key = name.toLowerCase();
    headers[key] = [...(headers[key] ?? []), value];
  }
  const { host, ...rest } = headers;
  return {
    'user-agent': 'kube-probe/1.36',
    accept: '*/*',
    connection: 'close',
    ...rest,
    ...(host?.[0] ? { host: host[0] } : {}),
  };
}

function told(error: NodeJS.ErrnoException, url: URL): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') {
    return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  }
  if (error.code === 'ECONNREFUSED') return `dial tcp ${url.host}: connect: connection refused`;
  return error.message;
}

async function follow(
  url: URL,
  options: { headers: RequestOptions['headers']; signal: AbortSignal; left: number },
): Promise<ActionResult> {
  const { status, location, body } = await get(url, options);
  if (status >= 300 && status < 400 && location) {
    const next = new URL(location, url);
    if (next.hostname !== url.hostname) return { ok: true, output: body, warning: 'Probe terminated redirects' };
    if (options.left === 0) return { ok: false, output: `Get "${next}": stopped after 10 redirects` };
    return follow(next, { ...options, left: options.left - 1 });
  }
  const ok = status >= 200 && status < 400;
  return { ok, output: ok ? body : `HTTP probe failed with statuscode: ${status}`, status };
}

function get(
  url: URL,
  options: { headers: RequestOptions['headers']; signal: AbortSignal },
): Promise<{ status: number; location?: string; body: string }> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, { ...options, agent: false, ...{ rejectUnauthorized: false } }, (response) => {
      let body = '';
      const done = () => resolve({ status: response.statusCode ?? 0, location: response.headers.location, body });
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body = (body + chunk).slice(0, MAX_BODY);
        if (body.length === MAX_BODY) {
          done();
          response.destroy();
        }
      });
      response.on('end', done);
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}
