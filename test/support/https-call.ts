// One HTTPS request to a test server on a connection of its own, answered as bytes.
import https from 'node:https';
import type { TestServer } from './server.ts';

export interface HttpsAnswer {
  code: number | undefined;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

export interface HttpsCall {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

export function httpsCaller(api: () => TestServer, token: string) {
  return (path: string, { method = 'GET', headers = {}, body }: HttpsCall = {}): Promise<HttpsAnswer> =>
    new Promise((resolve, reject) => {
      const request = https.request(new URL(path, api().server.url), {
        method,
        headers: { authorization: `Bearer ${token}`, ...headers },
        ca: api().ca,
        agent: false,
      });
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ code: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
        });
      });
      request.end(body);
    });
}

export const jsonOf = ({ body }: Pick<HttpsAnswer, 'body'>) => JSON.parse(body.toString());
