// An HTTP GET as probes and lifecycle hooks make it: pkg/probe/http. 200-399 is success, redirects are followed on the
// same host, certificates are not verified, at most 10 KiB of the answer are kept.
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Container, HTTPGetAction } from '../../api/types/core/v1.ts';
import { dialFailure } from './dial-failure.ts';
import { resolvePort } from './port.ts';

const MAX_BODY = 10 * 1024;
const MAX_REDIRECTS = 10;
/** Those that Go's client follows; any other answer below 400 ends the probe. */
const FOLLOWED = new Set([301, 302, 303, 307, 308]);

export interface HttpResult {
  ok: boolean;
  output: string;
  /** Success that should be told. */
  warning?: string;
  /** undefined: there was no answer. */
  status?: number;
  /** TLS was asked for and is not spoken there. */
  isPlainHttp?: boolean;
}

export interface HttpTarget {
  host: string;
  container: Container;
  signal: AbortSignal;
  purpose: 'probe' | 'lifecycle';
}

/** Throws when there is no such port; every other failure is a result. */
export async function httpGet(action: HTTPGetAction, target: HttpTarget): Promise<HttpResult> {
  const url = urlOf(action, target);
  try {
    return await follow(url, {
      headers: headersOf(action, target.purpose),
      signal: target.signal,
      left: MAX_REDIRECTS,
    });
  } catch (cause) {
    const error = cause as NodeJS.ErrnoException;
    const isPlainHttp = error.code === 'EPROTO' && /wrong version number|packet length too long/.test(error.message);
    const told = isPlainHttp ? 'http: server gave HTTP response to HTTPS client' : failureOf(error, url);
    return { ok: false, output: `Get "${url}": ${told}`, ...(isPlainHttp ? { isPlainHttp } : {}) };
  }
}

function urlOf(action: HTTPGetAction, target: HttpTarget): URL {
  const host = action.host || target.host;
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
  const port = resolvePort(action.port, target.container);
  return new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`);
}

function headersOf(action: HTTPGetAction, purpose: HttpTarget['purpose']): Record<string, string | string[]> {
  const headers: Record<string, string[]> = {};
  for (const { name, value } of action.httpHeaders ?? []) {
    const key = name.toLowerCase();
    headers[key] = [...(headers[key] ?? []), value];
  }
  const { host, accept = ['*/*'], ...rest } = headers;
  return {
    'user-agent': `kube-${purpose}/1.36`,
    connection: 'close',
    ...rest,
    ...(accept[0] === '' ? {} : { accept }), // an empty one takes the header away
    ...(host?.[0] ? { host: host[0] } : {}),
  };
}

function failureOf(error: NodeJS.ErrnoException, url: URL): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') {
    return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  }
  if (error.code === 'ECONNRESET' && error.syscall === undefined) return 'EOF'; // closed without an answer
  return dialFailure(error, url.host);
}

async function follow(
  url: URL,
  options: { headers: Record<string, string | string[]>; signal: AbortSignal; left: number },
): Promise<HttpResult> {
  const { status, location, body } = await get(url, options);
  const isFollowed = FOLLOWED.has(status) && location !== undefined;
  const next = isFollowed ? new URL(location, url) : url;
  if (isFollowed && next.hostname === url.hostname) {
    if (options.left === 0) return { ok: false, output: `Get "${next}": stopped after 10 redirects` };
    const { host: _, ...others } = options.headers;
    const isRelative = !URL.canParse(location);
    return follow(next, { ...options, headers: isRelative ? options.headers : others, left: options.left - 1 });
  }
  if (status < 200 || status >= 400) {
    return { ok: false, output: `HTTP probe failed with statuscode: ${status}`, status };
  }
  const warning = `Probe terminated redirects, Response body: ${body}`;
  return { ok: true, output: body, status, ...(status >= 300 ? { warning } : {}) };
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
