// A call of a webhook: its body is posted to a URL, or to a Service through its endpoints, and JSON comes back.
import https from 'node:https';
import type { AnyObject } from '../apimachinery/meta.ts';
import { isObject } from '../apimachinery/value.ts';
import { answeredError } from '../client/answers.ts';
import { endpointOf } from './aggregation/backend.ts';
import type { ObjectReader } from './reader.ts';

/** As all kinds of webhooks say where they are (WebhookClientConfig). */
export interface WebhookClient {
  url?: string;
  service?: { namespace: string; name: string; path?: string; port?: number };
  /** PEM in base64; without it what the system trusts. */
  caBundle?: string;
}

export interface WebhookCall {
  reader: ObjectReader;
  client: WebhookClient;
  body: object;
  timeoutMs: number;
}

const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** Rejects with an Error that says the URL and what went wrong. */
export async function callWebhook({ reader, client, body, timeoutMs }: WebhookCall): Promise<AnyObject> {
  const { shown, url, servername } = placeOf(reader, client, timeoutMs);
  const ca = client.caBundle && Buffer.from(client.caBundle, 'base64').toString().trim();
  const { status, text } = await post(url, {
    ...(ca ? { ca } : {}),
    ...(servername ? { servername, headers: { host: `${servername}:${new URL(shown).port || 443}` } } : {}),
    body: Buffer.from(JSON.stringify(body)),
    timeoutMs,
  }).catch((error: Error) => {
    throw new Error(`Post "${withTimeout(shown, timeoutMs)}": ${inGoWords(error)}`, { cause: error });
  });
  if (status < 200 || status > 206) throw refusal(status, text);
  return parsed(text);
}

const UNKNOWN_AUTHORITY = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';

/** Why there was no answer, in the words that people look for. */
function inGoWords({
  code = '',
  message,
  ...error
}: NodeJS.ErrnoException & { address?: string; port?: number }): string {
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${error.address}:${error.port}: connect: connection refused`;
    case 'ECONNRESET':
      return 'EOF';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return UNKNOWN_AUTHORITY;
    default:
      return message;
  }
}

/** What the other side says of it, when that is a Status. */
function refusal(status: number, text: string): Error {
  const { message } = answeredError(status, text);
  const isTold = /^\s*\{/.test(text) || status < 500;
  return new Error(
    isTold
      ? message
      : `an error on the server (${JSON.stringify(text.trim())}) has prevented the request from succeeding`,
  );
}

const withTimeout = (url: string, timeoutMs: number): string =>
  `${url}${url.includes('?') ? '&' : '?'}timeout=${timeoutMs / 1000}s`;

/** Go's client asks for / where there is no path. */
const withPath = (url: string): string => url.replace(/^https:\/\/[^/?]+$/, '$&/');

interface Place {
  /** The URL as people know it. */
  shown: string;
  url: URL;
  servername?: string;
}

function placeOf(reader: ObjectReader, { url, service }: WebhookClient, timeoutMs: number): Place {
  if (!service) return { shown: withPath(url ?? ''), url: new URL(url ?? '') };
  const { namespace, name, path = '', port = 443 } = service;
  const servername = `${name}.${namespace}.svc`;
  const shown = withPath(`https://${servername}:${port}${path && !path.startsWith('/') ? '/' : ''}${path}`);
  const endpoint = endpointOf(reader, { spec: { service: { namespace, name, port } } });
  if (!(endpoint instanceof URL)) {
    const why = endpoint.reason === 'ServiceNotFound' ? `service ${JSON.stringify(name)} not found` : endpoint.message;
    throw new Error(`Post "${withTimeout(shown, timeoutMs)}": ${why}`);
  }
  return { shown, url: new URL(path || '/', endpoint), servername };
}

interface Posting {
  ca?: string;
  servername?: string;
  headers?: Record<string, string>;
  body: Buffer;
  timeoutMs: number;
  /** On a connection of its own; else one that was used before may serve, while it is kept (Node's global agent). */
  anew?: boolean;
}

function post(url: URL, posting: Posting): Promise<{ status: number; text: string }> {
  const { ca, servername, headers, body, timeoutMs, anew } = posting;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const fail = (error: NodeJS.ErrnoException) => {
      // The other side may have closed a kept connection just when it was to be used again.
      if (request.reusedSocket && error.code === 'ECONNRESET') resolve(post(url, { ...posting, anew: true }));
      else reject(signal.aborted ? new Error('context deadline exceeded', { cause: error }) : error);
    };
    const target = new URL(url);
    target.searchParams.set('timeout', `${timeoutMs / 1000}s`);
    const request = https.request(target, {
      method: 'POST',
      ...(anew ? { agent: false } : {}),
      signal,
      ...(ca ? { ca } : {}),
      ...(servername ? { servername } : {}),
      headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
    });
    request.on('error', fail);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) request.destroy(new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
    request.end(body);
  });
}

function parsed(text: string): AnyObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value as unknown as AnyObject;
    throw new SyntaxError('it is no object');
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${(error as Error).message}`, { cause: error });
  }
}
