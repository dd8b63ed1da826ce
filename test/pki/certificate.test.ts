import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { createAuthority, issueCertificate } from '../../src/pki/certificate.ts';

const validity = { notBefore: Date.UTC(2026, 0, 1), notAfter: Date.UTC(2051, 0, 1) };

// Another implementation reads what ours wrote: what both agree on is the format, not our idea of it.
test('another library reads every field as it was asked for', async () => {
  const authority = createAuthority('test-ca', validity);
  const { cert } = issueCertificate(authority, {
    commonName: 'jürgen',
    organizations: ['a', 'b'],
    usages: ['client', 'server'],
    dnsNames: ['a.example', `${'x'.repeat(60)}.${'y'.repeat(60)}.example`],
    ips: ['10.0.0.1', 'fd00::1'],
    ...validity,
  });
  const read = new x509.X509Certificate(cert);
  assert.equal(read.issuer, 'CN=test-ca');
  assert.equal(read.subject, 'O=a, O=b, CN=jürgen');
  assert.equal(read.notBefore.getTime(), validity.notBefore);
  assert.equal(read.notAfter.getTime(), validity.notAfter);
  assert.ok(
    await read.verify({ publicKey: new x509.X509Certificate(authority.cert).publicKey, date: new Date(2030, 0) }),
  );
  assert.deepEqual(
    read.getExtension(x509.SubjectAlternativeNameExtension)?.names.items.map(({ type, value }) => [type, value]),
    [
      ['dns', 'a.example'],
      ['dns', `${'x'.repeat(60)}.${'y'.repeat(60)}.example`],
      ['ip', '10.0.0.1'],
      ['ip', 'fd00::1'],
    ],
  );
  assert.deepEqual(
    [...(read.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [])],
    [x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth],
  );
  assert.equal(read.getExtension(x509.BasicConstraintsExtension)?.ca, false);
  const own = new x509.X509Certificate(authority.cert);
  assert.equal(own.getExtension(x509.BasicConstraintsExtension)?.ca, true);
  assert.equal(
    read.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId,
    own.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId,
  );
});

test('an authority with an RSA key, brought along, signs too', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keys = {
    privateKey: await crypto.subtle.importKey(
      'pkcs8',
      privateKey.export({ type: 'pkcs8', format: 'der' }),
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
      true,
      ['sign'],
    ),
  };
  const publicDer = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const authority = await x509.X509CertificateGenerator.create({
    subject: 'C=DE, O=Own, CN=own-ca',
    issuer: 'C=DE, O=Own, CN=own-ca',
    notBefore: new Date(validity.notBefore),
    notAfter: new Date(validity.notAfter),
    publicKey: new x509.PublicKey(publicDer),
    signingKey: keys.privateKey,
    signingAlgorithm: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const pair = { cert: authority.toString('pem'), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  const leaf = new X509Certificate(issueCertificate(pair, { commonName: 'x', usages: ['client'], ...validity }).cert);
  assert.ok(leaf.checkIssued(new X509Certificate(pair.cert)));
  assert.ok(leaf.verify(new X509Certificate(pair.cert).publicKey));
});
