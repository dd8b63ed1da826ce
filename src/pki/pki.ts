// All keys and certificates of one cluster, kept under <data dir>/pki. The first start makes them; later starts read
// them, and re-issue leaf certificates that expire soon or no longer cover the host's names and addresses.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { isMissingFile } from '../missing-file.ts';
import {
  type CertificateRequest,
  createAuthority,
  createPrivateKeyPem,
  issueCertificate,
  type KeyPair,
  whyReissue,
} from './certificate.ts';
import { ensureSecretDir, writeSecretFile } from './files.ts';

export interface Pki {
  /** Signs everything but the front proxy's certificate; clients verify the server with it. */
  ca: KeyPair;
  /** Signs the client certificate with which aggregated API servers recognise this one. */
  frontProxyCa: KeyPair;
  /** The API server's. */
  serving: KeyPair;
  /** The kubelet's own server's (port 10250). */
  kubeletServing: KeyPair;
  /** The kubelet towards the API: system:node:<name> in system:nodes. */
  kubeletClient: KeyPair;
  /** The API server towards the kubelet (logs, exec). */
  apiserverKubeletClient: KeyPair;
  /** The API server towards aggregated API servers. */
  frontProxyClient: KeyPair;
  /** kubernetes-admin in system:masters, for the kubeconfig. */
  adminClient: KeyPair;
  /** ECDSA P-256 private key (PKCS #8 PEM) that signs service account tokens (ES256). */
  serviceAccountKey: string;
  /** What was made or re-issued now, each with the reason; empty on an ordinary start. */
  issued: readonly { name: string; why: string }[];
}

export interface PkiOptions {
  nodeName: string;
  /** DNS names under which the API server is reached, besides those every cluster has. */
  names: readonly string[];
  /** Addresses under which it is reached: the host's, loopback, the first of the service range. */
  ips: readonly string[];
  /** Default cluster.local. */
  clusterDomain?: string;
  clock: Clock;
}

/** A key or certificate file that cannot be used; the message says which, why and what to do. */
export class PkiError extends Error {
  readonly file: string;
  constructor(file: string, why: string, cause?: unknown) {
    super(`${file} ${why}`, { cause });
    this.name = 'PkiError';
    this.file = file;
  }
}

/** No clock is right that says it is earlier: nothing of this program is older. A machine without a battery begins in 1970. */
const EARLIEST = Date.UTC(2025, 11, 1);

const DAY = 24 * 60 * 60 * 1000;
const AUTHORITY_LIFE = 3650 * DAY;
const LEAF_LIFE = 365 * DAY;
const RENEW_BEFORE = 90 * DAY;
/** Clocks of containers and virtual machines may lag behind; a new certificate is good for them too. */
const BACKDATE = 5 * 60 * 1000;

/**
 * Creates what is missing and returns everything. Throws PkiError on an unreadable or malformed file: an authority
 * is never replaced silently, since every client that trusts it would be cut off.
 */
export async function ensurePki(dataDir: string, options: PkiOptions): Promise<Pki> {
  const dir = path.join(dataDir, 'pki');
  await ensureSecretDir(dir);
  const issued: { name: string; why: string }[] = [];
  const now = options.clock.now();

  const authority = async (name: string, commonName: string): Promise<KeyPair> => {
    const found = await readPair(dir, name);
    if (found) return found;
    assertPlausible(now, name);
    issued.push({ name, why: 'missing' });
    return writePair(
      dir,
      name,
      createAuthority(commonName, { notBefore: now - BACKDATE, notAfter: now + AUTHORITY_LIFE }),
    );
  };
  const leaf = async (name: string, signer: KeyPair, wanted: LeafRequest): Promise<KeyPair> => {
    const request = { ...wanted, notBefore: now - BACKDATE, notAfter: now + LEAF_LIFE };
    const found = await readPair(dir, name);
    // A clock that cannot be right says nothing about when a certificate begins: what is there serves on.
    const judged = now < EARLIEST ? { ...request, notBefore: Number.POSITIVE_INFINITY } : request;
    const why = found ? whyReissue(found, signer, judged, now + RENEW_BEFORE) : 'missing';
    if (found && why === undefined) return found;
    assertPlausible(now, name);
    issued.push({ name, why: why ?? 'missing' });
    return writePair(dir, name, issueCertificate(signer, request));
  };
  const signingKey = async (name: string): Promise<string> => {
    const found = await readKey(dir, name);
    if (found) return found;
    issued.push({ name, why: 'missing' });
    const key = createPrivateKeyPem();
    await writeSecretFile(path.join(dir, `${name}.key`), key);
    return key;
  };

  const [ca, frontProxyCa, serviceAccountKey] = await Promise.all([
    authority('ca', 'kubernetes-ca'),
    authority('front-proxy-ca', 'front-proxy-ca'),
    signingKey('service-account'),
  ]);
  const leaves = leafRequests(options);
  const [serving, kubeletServing, kubeletClient, apiserverKubeletClient, adminClient, frontProxyClient] =
    await Promise.all([
      leaf('apiserver', ca, leaves.serving),
      leaf('kubelet-server', ca, leaves.kubeletServing),
      leaf('kubelet-client', ca, leaves.kubeletClient),
      leaf('apiserver-kubelet-client', ca, leaves.apiserverKubeletClient),
      leaf('admin', ca, leaves.adminClient),
      leaf('front-proxy-client', frontProxyCa, leaves.frontProxyClient),
    ]);
  return {
    ca,
    frontProxyCa,
    serving,
    kubeletServing,
    kubeletClient,
    apiserverKubeletClient,
    frontProxyClient,
    adminClient,
    serviceAccountKey,
    issued,
  };
}

/** A certificate that was signed by a wrong clock is refused by every client whose clock is right. */
function assertPlausible(now: number, name: string): void {
  if (now >= EARLIEST) return;
  throw new PkiError(
    `the certificate ${name}`,
    `cannot be signed while the clock says ${new Date(now).toISOString()}: set it (timedatectl set-ntp true), then start again`,
  );
}

type LeafRequest = Omit<CertificateRequest, 'notBefore' | 'notAfter'>;

/** Subjects as kubeadm gives them (cmd/kubeadm/app/phases/certs/certlist.go). */
function leafRequests({ nodeName, names, ips, clusterDomain = 'cluster.local' }: PkiOptions) {
  const inCluster = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  return {
    serving: {
      commonName: 'kube-apiserver',
      usages: ['server'],
      dnsNames: unique(['localhost', nodeName, ...inCluster, `kubernetes.default.svc.${clusterDomain}`, ...names]),
      ips: unique(ips),
    },
    kubeletServing: {
      commonName: `system:node:${nodeName}`,
      organizations: ['system:nodes'],
      usages: ['server'],
      dnsNames: unique([nodeName, 'localhost', ...names]),
      ips: unique(ips),
    },
    kubeletClient: {
      commonName: `system:node:${nodeName}`,
      organizations: ['system:nodes'],
      usages: ['client'],
    },
    apiserverKubeletClient: {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usages: ['client'],
    },
    adminClient: { commonName: 'kubernetes-admin', organizations: ['system:masters'], usages: ['client'] },
    frontProxyClient: { commonName: 'front-proxy-client', usages: ['client'] },
  } satisfies Record<string, LeafRequest>;
}

const unique = (values: readonly string[]): string[] => [...new Set(values)];

async function writePair(dir: string, name: string, pair: KeyPair): Promise<KeyPair> {
  // The key first: a certificate without its key would be read as malformed, a lone key is just replaced.
  await writeSecretFile(path.join(dir, `${name}.key`), pair.key);
  await writeSecretFile(path.join(dir, `${name}.crt`), pair.cert);
  return pair;
}

/** undefined when there is no certificate file. */
async function readPair(dir: string, name: string): Promise<KeyPair | undefined> {
  const certFile = path.join(dir, `${name}.crt`);
  const cert = await readIfThere(certFile);
  if (cert === undefined) return undefined;
  parse(certFile, 'certificate', () => new X509Certificate(cert));
  const key = await readKey(dir, name);
  if (key === undefined) {
    throw new PkiError(
      path.join(dir, `${name}.key`),
      `is missing, but its certificate is there; restore it from a backup, or remove ${certFile} to make both anew`,
    );
  }
  return { cert, key };
}

async function readKey(dir: string, name: string): Promise<string | undefined> {
  const file = path.join(dir, `${name}.key`);
  const key = await readIfThere(file);
  if (key !== undefined) parse(file, 'private key', () => createPrivateKey(key));
  return key;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (isMissingFile(cause)) return undefined;
    throw new PkiError(file, `cannot be read: ${(cause as Error).message}`, cause);
  }
}

function parse(file: string, what: string, read: () => unknown): void {
  try {
    read();
  } catch (cause) {
    throw new PkiError(
      file,
      `is not a PEM ${what}; restore it from a backup, or remove it and its pair to make both anew`,
      cause,
    );
  }
}
