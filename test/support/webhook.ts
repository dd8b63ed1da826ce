// A webhook over HTTPS for tests: what it was asked, and an answer that the test chooses.
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../../src/apimachinery/meta.ts';
import { createAuthority, issueCertificate } from '../../src/pki/certificate.ts';

const VALIDITY = { notBefore: Date.UTC(2020), notAfter: Date.UTC(2049) };

export interface TestWebhook {
  /** Requests of reviews, in the order they came, with the path each came to. */
  asked: (JsonObject & { path: string })[];
  /** Gives the response of a review by its request; anything that is no object is sent as it is. */
  answer(respond: (request: JsonObject, path: string) => unknown): void;
  clientConfig(path?: string): { url: string; caBundle: string };
  /** How many connections were opened to it. */
  connections(): number;
  /** Ends those that are open. */
  disconnect(): void;
  close(): void;
}

export async function startWebhook(): Promise<TestWebhook> {
  const authority = await createAuthority('webhooks', VALIDITY);
  const serving = await issueCertificate(authority, {
    commonName: 'webhook',
    dnsNames: ['localhost'],
    ips: ['127.0.0.1'],
    usages: ['server'],
    ...VALIDITY,
  });
  const asked: TestWebhook['asked'] = [];
  let respond: (request: JsonObject, path: string) => unknown = () => ({ allowed: true });
  const server = https.createServer(serving, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const { apiVersion, kind, request: its } = JSON.parse(Buffer.concat(chunks).toString());
      const path = request.url?.split('?')[0] ?? '';
      asked.push({ ...its, path });
      const given = await respond(its, path);
      response.setHeader('content-type', 'application/json');
      response.end(
        typeof given === 'object'
          ? JSON.stringify({ apiVersion, kind, response: { uid: its.uid, ...given } })
          : String(given),
      );
    });
  });
  let connections = 0;
  server.on('secureConnection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    answer(next) {
      respond = next;
    },
    clientConfig: (path = '/') => ({
      url: `https://127.0.0.1:${port}${path}`,
      caBundle: Buffer.from(authority.cert).toString('base64'),
    }),
    connections: () => connections,
    disconnect: () => server.closeAllConnections(),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A response with these operations of a JSON patch. */
export const patching = (...operations: object[]) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});
