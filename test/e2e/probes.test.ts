// Probes and hooks over the network on real containers: gRPC, redirects, hooks that are requests. Servers are shell
// scripts that nc(1) runs for every connection.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createAuthority } from '../../src/pki/certificate.ts';
import { eventually } from '../support/eventually.ts';
import { clusterWith, type ManifestCluster, statusOf } from './manifest-cluster.ts';

/** A frame of HTTP/2 (RFC 9113). */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
/** A field of a header block with its name and value as they are (RFC 7541 6.2.2). */
const field = (name: string, value: string): Buffer =>
  Buffer.from([0, name.length, ...Buffer.from(name), value.length, ...Buffer.from(value)]);

const [DATA, HEADERS, SETTINGS] = [0, 1, 4];
const [END_HEADERS, END_STREAM, ACK] = [4, 1, 1];
const STATUS_200 = Buffer.from([0x88]);

/** All that a gRPC health server sends to a client's first request. */
const healthAnswer = (status: number): Buffer =>
  Buffer.concat([
    frame(SETTINGS, 0, 0, Buffer.alloc(0)),
    frame(SETTINGS, ACK, 0, Buffer.alloc(0)),
    frame(HEADERS, END_HEADERS, 1, Buffer.concat([STATUS_200, field('content-type', 'application/grpc')])),
    frame(DATA, 0, 1, Buffer.from([0, 0, 0, 0, 2, 0x08, status])),
    frame(HEADERS, END_HEADERS | END_STREAM, 1, field('grpc-status', '0')),
  ]);
const [SERVING, NOT_SERVING] = [1, 2];

const GRPC_SERVER = `#!/bin/sh
test -e /tmp/sick && cat /host/not-serving || cat /host/serving
cat >/dev/null
`;

/** /ok, /sick, /to/WHERE redirects within the host, /away leaves it; requests with a query are noted. */
const HTTP_SERVER = `#!/bin/sh
read -r _ target _
while IFS= read -r line && [ "$line" != "$(printf '\\r')" ]; do
  case $line in X-Why*) why=$line ;; esac
done
case $target in *\\?*) echo "$target $why" | tr -d '\\r' >> /host/noted ;; esac
answer() { printf 'HTTP/1.1 %s\\r\\n%sContent-Length: 4\\r\\n\\r\\nbody' "$1" "$2"; }
case $target in
  /ok*) answer '200 OK' ;;
  /to/*) answer '302 Found' "Location: \${target#/to}$(printf '\\r\\n_')" | sed 's/^_//' ;;
  /away) answer '302 Found' "Location: http://elsewhere.example/$(printf '\\r\\n_')" | sed 's/^_//' ;;
  *) answer '500 Internal Server Error' ;;
esac
`;

/** Answers by a certificate for another name, at another port without one; is not ready while /host/not-ready is there. */
const HTTPS_SERVER = `
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const files = { cert: readFileSync('/host/tls.crt'), key: readFileSync('/host/tls.key') };
const answer = ({ url }, response) => {
  if (url.includes('?')) appendFileSync('/host/noted-tls', url + '\\n');
  response.writeHead(url === '/ready' && existsSync('/host/not-ready') ? 503 : 200).end('body');
};
require('node:https').createServer(files, answer).listen(8443);
require('node:http').createServer(answer).listen(8080);
process.once('SIGTERM', () => process.exit(0));
`;

/** This Node with the libraries that it has loaded: images of the tests have neither TLS nor libraries. */
function takeNode(folder: string): string {
  const { sharedObjects } = process.report.getReport() as { sharedObjects: string[] };
  for (const file of [process.execPath, ...sharedObjects.filter((one) => one.startsWith('/'))]) {
    copyFileSync(file, path.join(folder, path.basename(file)));
  }
  const loader = sharedObjects.map((file) => path.basename(file)).find((file) => /^ld-.*\.so/.test(file));
  return `/host/${loader} --library-path /host /host/${path.basename(process.execPath)}`;
}

describe('probes and hooks over the network', { timeout: 180_000 }, () => {
  let on: ManifestCluster;
  before(async () => {
    on = await clusterWith('probes', {
      async prepare(folder) {
        writeFileSync(path.join(folder, 'serving'), healthAnswer(SERVING));
        writeFileSync(path.join(folder, 'not-serving'), healthAnswer(NOT_SERVING));
        writeFileSync(path.join(folder, 'grpc-server'), GRPC_SERVER, { mode: 0o755 });
        writeFileSync(path.join(folder, 'http-server'), HTTP_SERVER, { mode: 0o755 });
        writeFileSync(path.join(folder, 'noted'), '');
        writeFileSync(path.join(folder, 'noted-tls'), '');
        const validity = { notBefore: 0, notAfter: Date.now() + 60 * 60_000 };
        const { cert, key } = createAuthority('another name', validity);
        writeFileSync(path.join(folder, 'tls.crt'), cert);
        writeFileSync(path.join(folder, 'tls.key'), key);
        writeFileSync(path.join(folder, 'https-server.cjs'), HTTPS_SERVER);
        const server = `#!/bin/sh\nexec ${takeNode(folder)} /host/https-server.cjs\n`;
        writeFileSync(path.join(folder, 'https-server'), server, { mode: 0o755 });
      },
    });
  });
  after(() => on?.remove());

  test('gRPC: a container starts, is ready, and is restarted when it does not serve any more', async () => {
    await on.kubectl('wait', '--for=condition=Ready', 'pod/grpc', '--timeout=60s');
    await on.kubectl('exec', 'grpc', '--', 'touch', '/tmp/sick');
    await on.told('grpc', /Unhealthy .*Readiness probe failed: service unhealthy \(responded with "NOT_SERVING"\)/);
    await on.told('grpc', /Unhealthy .*Liveness probe failed: service unhealthy \(responded with "NOT_SERVING"\)/);
    await on.told('grpc', /Killing .*Container main failed liveness probe, will be restarted/);
    await on.kubectl(
      'wait',
      '--for=jsonpath={.status.containerStatuses[0].restartCount}=1',
      'pod/grpc',
      '--timeout=60s',
    );
    await on.kubectl('wait', '--for=condition=Ready', 'pod/grpc', '--timeout=60s');
  });

  test('gRPC: a port at which nobody is', () =>
    on.told(
      'no-grpc',
      /Readiness probe failed: timeout: failed to connect service "[\d.]+:5000" within 1s: context deadline exceeded/,
    ));

  test('HTTP: a redirect is followed within the host, and counts as success where it leaves it', async () => {
    await on.told(
      'redirected',
      /ProbeWarning .*Readiness probe warning: Probe terminated redirects, Response body: body/,
    );
    await on.told('redirected', /Unhealthy .*Readiness probe failed: HTTP probe failed with statuscode: 500/);
    const pod = await on.running('redirected');
    const ready = ['within', 'away', 'sick'].map((name) => statusOf(pod, name).ready);
    assert.deepEqual(ready, [true, true, false]);
  });

  test('hooks that are requests: any answer will do, and is waited for', async () => {
    await on.kubectl('wait', '--for=condition=Ready', 'pod/hooked', '--timeout=60s');
    const noted = () => readFileSync(path.join(on.folder, 'noted'), 'utf8').trim().split('\n');
    assert.deepEqual(noted(), ['/ok?started X-Why: post-start']);
    await on.kubectl('delete', 'pod', 'hooked');
    assert.equal(noted()[1]?.trim(), '/sick?stopping');
  });

  test('a hook that gets no answer is said, and its container starts again', async () => {
    // Soon it says that it backs off.
    const said = () =>
      on.pods
        .seen('hook-without-answer')
        .map((pod) => statusOf(pod, 'main').state?.waiting)
        .find((waiting) => waiting?.reason === 'PostStartHookError');
    const { message } = (await eventually('the hook is told', said, { timeoutMs: 60_000 })) ?? {};
    assert.match(
      message ?? '',
      /^HTTP lifecycle hook \(\/started\) for Container "main" in Pod "hook-without-answer_default\(.*\)" failed - error: Get "http:\/\/[\d.]+:8080\/started": dial tcp [\d.]+:8080: connect: connection refused$/,
    );
    await on.told('hook-without-answer', /FailedPostStartHook .*PostStartHook failed/);
  });

  const notedByTls = () => readFileSync(path.join(on.folder, 'noted-tls'), 'utf8').trim().split('\n');

  test('HTTPS: probes and hooks ask whoever answers, whatever its certificate says', async () => {
    await on.kubectl('wait', '--for=condition=Ready', 'pod/secured', '--timeout=60s');
    writeFileSync(path.join(on.folder, 'not-ready'), '');
    await on.told('secured', /Unhealthy .*Readiness probe failed: HTTP probe failed with statuscode: 503/);
    await on.kubectl('wait', '--for=condition=Ready=false', 'pod/secured', '--timeout=60s');
    rmSync(path.join(on.folder, 'not-ready'));
    await on.kubectl('wait', '--for=condition=Ready', 'pod/secured', '--timeout=60s');
    await on.kubectl('delete', 'pod', 'secured');
    assert.deepEqual(
      notedByTls().filter((url) => url !== '/ok?plain'),
      ['/ok?started', '/ok?stopping'],
    );
  });

  test('HTTPS: a server that speaks plain HTTP fails a probe, and is asked so by a hook', async () => {
    const plain = /Readiness probe failed: Get "https:.*": http: server gave HTTP response to HTTPS client/;
    await on.told('unsecured', plain);
    await on.told(
      'unsecured',
      /LifecycleHTTPFallback .*request to HTTPS lifecycle hook [\d.]+:8080 got HTTP response, retry with HTTP succeeded/,
    );
    assert.ok(notedByTls().includes('/ok?plain'));
  });
});
