// Real image registries (the distribution project's, Debian's package docker-registry) on loopback, over one folder:
// what is pushed to one can be pulled from all. Each is open, wants a password, or has a certificate of its own CA.
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { createAuthority, issueCertificate } from '../../src/pki/certificate.ts';
import { eventually } from './eventually.ts';

export const USER = { username: 'tester', password: 'pass:word' };
/** bcrypt of the password, cost 4. */
const HTPASSWD = 'tester:$2b$04$SNSvMAumivC2PoN9iqyGieIJc78Y31Diut.nQCcbVTWKb4xEy2x0a\n';

const PROGRAM = process.env.TSUKUBE_REGISTRY ?? 'docker-registry';

export interface Registry {
  /** 127.0.0.1:PORT */
  host: string;
  /** Path of the PEM certificate of the authority of a registry over TLS. */
  ca?: string;
  close(): Promise<void>;
}

/** Why none can run here. */
export function whyNoRegistry(): string | undefined {
  const folders = PROGRAM.includes('/') ? [''] : (process.env.PATH ?? '').split(':');
  const found = folders.some((folder) => {
    try {
      accessSync(path.join(folder, PROGRAM), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return found
    ? undefined
    : 'needs docker-registry: sudo ./scripts/test installs it, or set TSUKUBE_REGISTRY to its path';
}

/** Files go below `folder`, images to `folder`/images. */
export async function startRegistry(folder: string, kind: 'open' | 'password' | 'tls'): Promise<Registry> {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const own = path.join(folder, `${kind}-${port}`);
  mkdirSync(own, { recursive: true });
  const file = (name: string, content: string) => {
    writeFileSync(path.join(own, name), content, { mode: 0o600 });
    return path.join(own, name);
  };
  const authority = kind === 'tls' ? tls(file) : undefined;
  const config = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: path.join(folder, 'images') } },
    http: { addr: host, secret: 'a test', ...(authority ? { tls: authority.files } : {}) },
    ...(kind === 'password' ? { auth: { htpasswd: { realm: 'a test', path: file('htpasswd', HTPASSWD) } } } : {}),
  };
  // JSON is YAML.
  const child = spawn(PROGRAM, ['serve', file('config.yml', JSON.stringify(config))], { stdio: 'ignore' });
  await eventually('the registry', () => child.exitCode === null && accepts(port));
  return { host, ...(authority ? { ca: authority.ca } : {}), close: () => end(child) };
}

function tls(file: (name: string, content: string) => string) {
  const [notBefore, notAfter] = [Date.now() - 60_000, Date.now() + 3_600_000];
  const authority = createAuthority('registry test', { notBefore, notAfter });
  const pair = issueCertificate(authority, {
    commonName: 'registry',
    usages: ['server'],
    ips: ['127.0.0.1'],
    notBefore,
    notAfter,
  });
  const files = { certificate: file('cert.pem', pair.cert), key: file('key.pem', pair.key) };
  return { files, ca: file('ca.pem', authority.cert) };
}

/** A port nobody listens on, as far as that can be known. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill();
  });
}
