// An HTTP GET as probes and lifecycle hooks make it: pkg/probe/http. 200-399 is success, redirects are followed on the
// same host, certificates are not verified, at most 10 KiB of the answer are kept.
import type { Container, HTTPGetAction } from '../../api/types/core/v1.ts';
import { dialFailure } from './dial-failure.ts';
import { exchange } from './http-exchange.ts';
import { resolvePort } from './port.ts';

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
    return await follow(url, { ...headersOf(action, target.purpose), signal: target.signal, left: MAX_REDIRECTS });
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

type Header = readonly [name: string, value: string];

/** As Go sends them: each word of a name with a capital. */
const canonical = (name: string): string => name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());

/** Without Host, which follows from the URL unless the action says it. */
function headersOf(action: HTTPGetAction, purpose: HttpTarget['purpose']): { host?: string; headers: Header[] } {
  const own = (action.httpHeaders ?? []).map(({ name, value }): Header => [canonical(name), value]);
  const given = (name: string) => own.find(([one]) => one === name)?.[1];
  const host = given('Host');
  const headers: Header[] = [
    ...(given('User-Agent') === undefined ? [['User-Agent', `kube-${purpose}/1.36`] as const] : []),
    ...(given('Accept') === undefined ? [['Accept', '*/*'] as const] : []),
    // An empty Accept takes the header away.
    ...own.filter(([name, value]) => name !== 'Host' && name !== 'Connection' && !(name === 'Accept' && value === '')),
    ['Connection', 'close'],
  ];
  return { ...(host ? { host } : {}), headers };
}

function failureOf(error: NodeJS.ErrnoException, url: URL): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') {
    return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  }
  return dialFailure(error, url.host);
}

async function follow(
  url: URL,
  options: { host?: string; headers: readonly Header[]; signal: AbortSignal; left: number },
): Promise<HttpResult> {
  const { host, headers, signal } = options;
  const { status, location, body } = await exchange({ url, headers: [['Host', host ?? url.host], ...headers], signal });
  const isFollowed = FOLLOWED.has(status) && location !== undefined;
  const next = isFollowed ? new URL(location, url) : url;
  if (isFollowed && next.hostname === url.hostname) {
    if (options.left === 0) return { ok: false, output: `Get "${next}": stopped after 10 redirects` };
    const { host: _, ...others } = options;
    return follow(next, { ...(URL.canParse(location) ? others : options), left: options.left - 1 });
  }
  if (status < 200 || status >= 400) {
    return { ok: false, output: `HTTP probe failed with statuscode: ${status}`, status };
  }
  const warning = `Probe terminated redirects, Response body: ${body}`;
  return { ok: true, output: body, status, ...(status >= 300 ? { warning } : {}) };
}
