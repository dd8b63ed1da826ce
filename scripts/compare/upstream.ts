// Kubernetes' own API server of the same version, with etcd, on loopback and in a folder of its own: no controllers, no
// nodes, an administrator by token. scripts/compare/build-upstream makes the two programs.
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawn } from '../../src/exec.ts';
import { eventually } from '../../test/support/eventually.ts';
import { type Caller, createCaller } from '../../test/vectors/http.ts';
import { freePort, type Program, type Starting } from '../../test/vectors/program.ts';

const TOKEN = 'compare';
const START_MS = 60_000;

/** `programs` holds kube-apiserver and etcd. */
export async function startUpstream(programs: string, options: Starting): Promise<Program> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tsu-'));
  const file = (name: string) => path.join(folder, name);
  const [port, clients, peers] = [await freePort(), await freePort(), await freePort()];
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(file('accounts.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(file('tokens.csv'), `${TOKEN},admin,1,system:masters\n`, { mode: 0o600 });
  const [etcdUrl, peerUrl] = [`http://127.0.0.1:${clients}`, `http://127.0.0.1:${peers}`];
  const children = [
    spawn([
      path.join(programs, 'etcd'),
      ...[`--data-dir=${file('db')}`, `--listen-client-urls=${etcdUrl}`, `--advertise-client-urls=${etcdUrl}`],
      ...[`--listen-peer-urls=${peerUrl}`, `--initial-advertise-peer-urls=${peerUrl}`],
      `--initial-cluster=default=${peerUrl}`,
    ]),
    spawn([
      path.join(programs, 'kube-apiserver'),
      ...[`--etcd-servers=${etcdUrl}`, `--secure-port=${port}`, '--bind-address=127.0.0.1', `--cert-dir=${folder}`],
      ...[`--token-auth-file=${file('tokens.csv')}`, '--authorization-mode=Node,RBAC', '--allow-privileged'],
      ...[`--service-account-key-file=${file('accounts.key')}`],
      ...[`--service-account-signing-key-file=${file('accounts.key')}`],
      ...['--service-account-issuer=https://kubernetes.default.svc', '--service-cluster-ip-range=10.43.0.0/16'],
      ...(options.arguments ?? []),
    ]),
  ];
  let printed = '';
  for (const child of children) {
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (printed += String(chunk)));
  }
  const failed = Promise.all(children.map(async (child) => await once(child, 'spawn')));
  const ends = children.map((child) => once(child, 'exit'));
  const stop = async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ends);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await failed;
    const caller = await eventually('upstream answers', () => whenReady(port, file('apiserver.crt'), options), {
      timeoutMs: START_MS,
    });
    return {
      caller,
      stop: async () => {
        caller.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw new Error(`upstream's server did not start: ${printed.slice(-2000)}`, { cause: error });
  }
}

async function whenReady(port: number, certificate: string, options: Starting): Promise<Caller | undefined> {
  const url = `https://127.0.0.1:${port}`;
  const caller = createCaller({ url, token: TOKEN, ca: readFileSync(certificate, 'utf8'), ...options });
  const { code } = await caller.call({ method: 'GET', path: '/readyz' });
  if (code === 200) return caller;
  caller.close();
  return undefined;
}
