import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { subjectOf } from '../../src/pki/certificate.ts';
import { ensurePki, PkiError } from '../../src/pki/pki.ts';
import { fakeClock } from '../support/fake-clock.ts';

const DAY = 24 * 60 * 60 * 1000;

async function dataDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'pki-'));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

const host = (clock = fakeClock()) => ({
  nodeName: 'node-1',
  names: ['laptop.local'],
  ips: ['127.0.0.1', '::1'],
  clock,
});

test('the first start makes every certificate, later ones only read them', async (t) => {
  const dir = await dataDir(t);
  const first = await ensurePki(dir, host());
  assert.equal(first.issued.length, 9);
  const again = await ensurePki(dir, host());
  assert.deepEqual(again.issued, []);
  assert.deepEqual({ ...again, issued: [] }, { ...first, issued: [] });
});

test('certificates carry the identities Kubernetes reads and the names the server answers to', async (t) => {
  const pki = await ensurePki(await dataDir(t), host());
  const subject = (pem: string) => subjectOf(new X509Certificate(pem));
  assert.deepEqual(subject(pki.adminClient.cert), {
    commonName: 'kubernetes-admin',
    organizations: ['system:masters'],
  });
  assert.deepEqual(subject(pki.kubeletClient.cert), {
    commonName: 'system:node:node-1',
    organizations: ['system:nodes'],
  });
  const serving = new X509Certificate(pki.serving.cert);
  const ca = new X509Certificate(pki.ca.cert);
  assert.ok(serving.verify(ca.publicKey) && serving.checkIssued(ca));
  for (const name of ['localhost', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', 'laptop.local']) {
    assert.ok(serving.checkHost(name), name);
  }
  assert.ok(serving.checkIP('::1'));
  assert.equal(serving.ca, false);
  assert.ok(ca.ca);
  const proxy = new X509Certificate(pki.frontProxyClient.cert);
  assert.ok(!proxy.verify(ca.publicKey));
});

test('keys are for their owner only and no temporary file stays behind', async (t) => {
  const dir = path.join(await dataDir(t), 'pki');
  await ensurePki(path.dirname(dir), host());
  assert.equal((await stat(dir)).mode & 0o777, 0o700);
  for (const file of await readdir(dir)) {
    assert.match(file, /^[a-z-]+\.(crt|key)$/);
    assert.equal((await stat(path.join(dir, file))).mode & 0o777, 0o600);
  }
});

test('leaf certificates are re-issued when needed, authorities stay', async (t) => {
  const cases = [
    { why: /^expires /, after: 300 * DAY, ips: ['127.0.0.1', '::1'] },
    { why: /does not cover the address 10\.0\.0\.7/, after: 0, ips: ['127.0.0.1', '10.0.0.7'] },
  ];
  for (const { why, after, ips } of cases) {
    const dir = await dataDir(t);
    const clock = fakeClock();
    const before = await ensurePki(dir, host(clock));
    await clock.advance(after);
    const renewed = await ensurePki(dir, { ...host(clock), ips });
    assert.match(renewed.issued.find(({ name }) => name === 'apiserver')?.why ?? '', why);
    assert.equal(renewed.ca.cert, before.ca.cert);
    assert.equal(renewed.serviceAccountKey, before.serviceAccountKey);
    assert.notEqual(renewed.serving.cert, before.serving.cert);
  }
});

test('nothing is signed by a clock that cannot be right, and what one ahead of time signed is issued anew', async (t) => {
  const dir = await dataDir(t);
  await assert.rejects(
    ensurePki(dir, host(fakeClock(0))),
    /the certificate \S+ cannot be signed while the clock says 1970-01-01T00:00:00\.000Z: set it/,
  );
  const { ca } = await ensurePki(dir, host());
  const again = await ensurePki(dir, host(fakeClock(0)));
  assert.deepEqual([again.ca.cert, again.issued], [ca.cert, []], 'what was signed before serves on');
  await ensurePki(dir, host(fakeClock(Date.UTC(2040, 0, 1))));
  const { issued } = await ensurePki(dir, host());
  assert.match(issued.find(({ name }) => name === 'apiserver')?.why ?? '', /^is not valid before .*2039/);
});

test('unusable files give one sentence that names them, and are not overwritten', async (t) => {
  const cases: [file: string, content: string | undefined, message: RegExp][] = [
    ['ca.crt', 'rubbish', /ca\.crt is not a PEM certificate; restore it/],
    ['service-account.key', 'rubbish', /service-account\.key is not a PEM private key; restore it/],
    ['ca.key', undefined, /ca\.key is missing, but its certificate is there; restore it from a backup/],
  ];
  for (const [name, content, message] of cases) {
    const dir = await dataDir(t);
    await ensurePki(dir, host());
    const file = path.join(dir, 'pki', name);
    if (content === undefined) await rm(file);
    else await writeFile(file, content);
    await assert.rejects(ensurePki(dir, host()), (error) => error instanceof PkiError && message.test(error.message));
    if (content !== undefined) assert.equal(await readFile(file, 'utf8'), content);
  }
});
