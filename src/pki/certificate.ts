// Makes and reads X.509 certificates: ECDSA P-256 keys, SHA-256 signatures, PEM in and out. Written on node:crypto
// alone: loading @peculiar/x509 takes longer (85 ms) than making all certificates of a first start here.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import ipaddr from 'ipaddr.js';
import {
  bitString,
  boolean,
  children,
  context,
  element,
  integer,
  nothing,
  OCTET_STRING,
  objectIdentifier,
  SEQUENCE,
  SET,
  text,
  time,
  UTF8_STRING,
} from './der.ts';

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

interface Validity {
  notBefore: number;
  notAfter: number;
}

/** A self-signed authority that may sign leaf certificates only. */
export function createAuthority(commonName: string, validity: Validity): KeyPair {
  const { privateKey, publicKey } = newKeys();
  const name = distinguishedName({ commonName, organizations: [] });
  const der = signedCertificate(privateKey, {
    issuer: name,
    subject: name,
    validity,
    publicKey,
    extensions: [
      extension(OID.basicConstraints, element(SEQUENCE, boolean(true), integer(Buffer.from([0]))), 'critical'),
      extension(OID.keyUsage, bitString(Buffer.from([DIGITAL_SIGNATURE | KEY_CERT_SIGN]), 2), 'critical'),
      extension(OID.subjectKeyIdentifier, element(OCTET_STRING, keyIdentifier(publicKey))),
    ],
  });
  return { cert: certificatePem(der), key: privateKeyPem(privateKey) };
}

/** A leaf certificate with a fresh key, signed by `authority`. */
export function issueCertificate(authority: KeyPair, request: CertificateRequest): KeyPair {
  const { privateKey, publicKey } = newKeys();
  const authorityKey = createPrivateKey(authority.key);
  const names = [
    ...(request.dnsNames ?? []).map((name) => text(context(2, false), name)),
    ...(request.ips ?? []).map((ip) => element(context(7, false), Buffer.from(ipaddr.parse(ip).toByteArray()))),
  ];
  const der = signedCertificate(authorityKey, {
    issuer: subjectDer(new X509Certificate(authority.cert)),
    subject: distinguishedName({ commonName: request.commonName, organizations: request.organizations ?? [] }),
    validity: request,
    publicKey,
    extensions: [
      extension(OID.basicConstraints, element(SEQUENCE), 'critical'),
      extension(OID.keyUsage, bitString(Buffer.from([DIGITAL_SIGNATURE]), 7), 'critical'),
      extension(OID.extendedKeyUsage, element(SEQUENCE, ...request.usages.map((u) => objectIdentifier(OID[u])))),
      extension(
        OID.authorityKeyIdentifier,
        element(SEQUENCE, element(context(0, false), keyIdentifier(createPublicKey(authorityKey)))),
      ),
      ...(names.length > 0 ? [extension(OID.subjectAltName, element(SEQUENCE, ...names))] : []),
    ],
  });
  return { cert: certificatePem(der), key: privateKeyPem(privateKey) };
}

/** A fresh ECDSA P-256 private key (PKCS #8 PEM). */
export const createPrivateKeyPem = (): string => privateKeyPem(newKeys().privateKey);

/** What makes `pair` unfit for `request`, in a few words; undefined when it serves. */
export function whyReissue(
  pair: KeyPair,
  authority: KeyPair,
  request: CertificateRequest,
  renewBefore: number,
): string | undefined {
  const certificate = new X509Certificate(pair.cert);
  if (Date.parse(certificate.validTo) < renewBefore) return `expires ${certificate.validTo}`;
  if (Date.parse(certificate.validFrom) > request.notBefore + VALID_SINCE)
    return `is not valid before ${certificate.validFrom}`;
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

/** A request reaches back this far at most; what begins later was signed by a clock that has been set back since. */
const VALID_SINCE = 10 * 60_000;

const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  rsaWithSha256: '1.2.840.113549.1.1.11',
} as const;

const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

interface CertificateParts {
  issuer: Uint8Array;
  subject: Uint8Array;
  validity: Validity;
  publicKey: KeyObject;
  extensions: readonly Uint8Array[];
}

/** RFC 5280 4.1. An authority brought along may have an RSA key; ours have ECDSA ones. */
function signedCertificate(key: KeyObject, parts: CertificateParts): Buffer {
  const algorithm =
    key.asymmetricKeyType === 'rsa'
      ? element(SEQUENCE, objectIdentifier(OID.rsaWithSha256), nothing())
      : element(SEQUENCE, objectIdentifier(OID.ecdsaWithSha256));
  const body = element(
    SEQUENCE,
    element(context(0, true), integer(Buffer.from([2]))), // version 3
    integer(serialNumber()),
    algorithm,
    parts.issuer,
    element(SEQUENCE, time(parts.validity.notBefore), time(parts.validity.notAfter)),
    parts.subject,
    parts.publicKey.export({ type: 'spki', format: 'der' }),
    element(context(3, true), element(SEQUENCE, ...parts.extensions)),
  );
  return element(SEQUENCE, body, algorithm, bitString(sign('sha256', body, key)));
}

const extension = (oid: string, value: Uint8Array, critical?: 'critical'): Buffer =>
  element(SEQUENCE, objectIdentifier(oid), ...(critical ? [boolean(true)] : []), element(OCTET_STRING, value));

function distinguishedName({ commonName, organizations }: { commonName: string; organizations: readonly string[] }) {
  const attribute = (oid: string, value: string) =>
    element(SET, element(SEQUENCE, objectIdentifier(oid), text(UTF8_STRING, value)));
  return element(
    SEQUENCE,
    ...organizations.map((organization) => attribute(OID.organization, organization)),
    attribute(OID.commonName, commonName),
  );
}

/** The subject as the certificate has it, byte for byte, for the issuer field of what it signs. */
function subjectDer(certificate: X509Certificate): Uint8Array {
  const [body] = children(certificate.raw);
  const subject = children(body?.der ?? certificate.raw)[5]; // version, serial, algorithm, issuer, validity, subject
  return (subject as { der: Uint8Array }).der;
}

/** SHA-1 of the public key's bits (RFC 5280 4.2.1.2, method 1). */
function keyIdentifier(key: KeyObject): Buffer {
  const bits = children(key.export({ type: 'spki', format: 'der' }))[1]?.content ?? Buffer.alloc(0);
  return createHash('sha1').update(bits.subarray(1)).digest();
}

/** 16 random bytes, positive and without a leading zero byte, as DER wants integers. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return bytes;
}

const certificatePem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`;

const privateKeyPem = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();
