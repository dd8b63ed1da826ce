// Requests as a client that keeps its connections sends them, and replies as text.
import { Agent, request } from 'node:https';
import { encoded } from './encoded.ts';
import type { Request } from './scenario.ts';

export interface Reply {
  code: number;
  contentType: string | undefined;
  /** How many Warning headers, and what they say. */
  warnings: number;
  warning: string;
  text: string;
  bytes: Buffer;
  /** undefined when the text is no JSON. */
  json: unknown;
}

export interface Caller {
  call(what: Request): Promise<Reply>;
  close(): void;
}

const PATIENCE_MS = 30_000;

export function createCaller(options: { url: string; token: string; ca: string; connections: number }): Caller {
  const { url, token, ca, connections } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ca });
  return {
    call: ({ method, path, type, accept, body, encode }) =>
      new Promise((resolve, reject) => {
        const data = encode && type ? encoded(type, body) : dataOf(body);
        const headers: Record<string, string | number> = {
          authorization: `Bearer ${token}`,
          accept: accept ?? 'application/json',
          'user-agent': 'vectors/1.0',
        };
        if (data !== undefined) {
          headers['content-type'] = type ?? 'application/json';
          headers['content-length'] = Buffer.byteLength(data);
        }
        const sent = request(new URL(path, url), { method, agent, headers }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const bytes = Buffer.concat(chunks);
            const text = bytes.toString();
            const warning = [response.headers.warning ?? []].flat().join();
            resolve({
              code: response.statusCode ?? 0,
              contentType: response.headers['content-type'],
              warnings: warning.split('299 - ').length - 1,
              warning,
              text,
              bytes,
              json: jsonOf(text),
            });
          });
        });
        sent.on('error', reject);
        sent.setTimeout(PATIENCE_MS, () => sent.destroy(new Error(`no answer in ${PATIENCE_MS / 1000} s`)));
        sent.end(data);
      }),
    close: () => agent.destroy(),
  };
}

const dataOf = (body: unknown): string | undefined =>
  body === undefined || typeof body === 'string' ? body : JSON.stringify(body);

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
