// Makes and reads X.509 certificates: ECDSA P-256 keys, SHA-256 signatures, PEM in and out. The library that
// encodes them is loaded on first use, since most starts of the server issue nothing; reading needs node:crypto only.
import { createPrivateKey, type webcrypto, X509Certificate } from 'node:crypto';

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyPair {
  cert: string;
  key: string;
}

export interface CertificateRequest {
  commonName: string;
  organizations?: readonly string[];
  usages: readonly ('client' | 'server')[];
  dnsNames?: readonly string[];
  ips?: readonly string[];
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A self-signed authority that may sign leaf certificates only. */
export async function createAuthority(
  commonName: string,
  validity: { notBefore: number; notAfter: number },
): Promise<KeyPair> {
  const x509 = await loadX509();
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    notBefore: new Date(validity.notBefore),
    notAfter: new Date(validity.notAfter),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: await privateKeyPem(keys.privateKey) };
}

/** A leaf certificate with a fresh key, signed by `authority`. */
export async function issueCertificate(authority: KeyPair, request: CertificateRequest): Promise<KeyPair> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.cert);
  const signingKey = await crypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(authority.key).export({ format: 'der', type: 'pkcs8' }),
    ALGORITHM,
    false,
    ['sign'],
  );
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const usages = request.usages.map((u) =>
    u === 'client' ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth,
  );
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [
      ...(request.organizations ?? []).map((organization) => ({ O: [organization] })),
      { CN: [request.commonName] },
    ],
    issuer: issuer.subject,
    notBefore: new Date(request.notBefore),
    notAfter: new Date(request.notAfter),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return { cert: `${certificate.toString('pem')}\n`, key: await privateKeyPem(keys.privateKey) };
}

/** A fresh ECDSA P-256 private key (PKCS #8 PEM). */
export async function createPrivateKeyPem(): Promise<string> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  return privateKeyPem(keys.privateKey);
}

/** What makes `pair` unfit for `request`, in a few words; undefined when it serves. */
export function whyReissue(
  pair: KeyPair,
  authority: KeyPair,
  request: CertificateRequest,
  renewBefore: number,
): string | undefined {
  const certificate = new X509Certificate(pair.cert);
  if (Date.parse(certificate.validTo) < renewBefore) return `expires ${certificate.validTo}`;
  if (!certificate.verify(new X509Certificate(authority.cert).publicKey)) return 'was signed by another authority';
  if (!certificate.checkPrivateKey(createPrivateKey(pair.key))) return 'does not belong to its key';
  const { commonName, organizations } = subjectOf(certificate);
  const wanted = request.organizations ?? [];
  if (commonName !== request.commonName || wanted.join() !== organizations.join()) return 'names another subject';
  const name = request.dnsNames?.find((n) => certificate.checkHost(n) === undefined);
  if (name !== undefined) return `does not cover the name ${name}`;
  const ip = request.ips?.find((i) => certificate.checkIP(i) === undefined);
  if (ip !== undefined) return `does not cover the address ${ip}`;
  return undefined;
}

/** CN and every O of a certificate's subject, the identity Kubernetes reads from it. */
export function subjectOf(certificate: X509Certificate): { commonName: string; organizations: string[] } {
  const parts = certificate.subject.split('\n').map((line) => {
    const at = line.indexOf('=');
    return [line.slice(0, at), line.slice(at + 1)] as const;
  });
  return {
    commonName: parts.find(([type]) => type === 'CN')?.[1] ?? '',
    organizations: parts.filter(([type]) => type === 'O').map(([, value]) => value),
  };
}

/** 16 random bytes in hexadecimal, positive and without a leading zero byte, as DER wants integers. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key));
  const pem = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' });
  return pem.toString();
}

async function loadX509() {
  await import('reflect-metadata'); // the library's decorators need it first
  return import('@peculiar/x509');
}
