// The least a Node server can do over HTTP/2 and TLS: the same answer to every request. Prints its port.
//   node scripts/bench/bare-server.ts BYTES
import 'reflect-metadata';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { X509CertificateGenerator } from '@peculiar/x509';

const body = Buffer.alloc(Number(process.argv[2]), 'x');
const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
const certificate = await X509CertificateGenerator.createSelfSigned({ name: 'CN=bare', keys });
const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');

const server = createSecureServer({
  key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  cert: certificate.toString('pem'),
});
server.on('request', (request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
