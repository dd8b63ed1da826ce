// The administrator's kubeconfig: written to the home of whoever started the server (also through sudo).
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import path from 'node:path';
import { PRODUCT } from '../constants.ts';
import { run } from '../exec.ts';
import { writeSecretFile } from '../pki/files.ts';
import { invokingUser, kubeconfigOf, removeFromKubeconfig, writeKubeconfig } from '../pki/kubeconfig.ts';
import type { Pki } from '../pki/pki.ts';
import type { Config } from './options.ts';

interface Access {
  url: string;
  pki: Pki;
}

const entryOf = ({ url, pki }: Access) => ({
  name: PRODUCT,
  server: url,
  caCert: pki.ca.cert,
  client: pki.adminClient,
});

export const kubeconfigText = (access: Access): Promise<string> => kubeconfigOf(entryOf(access));

/** Where it goes when no option says so: $KUBECONFIG is not touched, it may be a list or another cluster's. */
export async function kubeconfigPath(config: Pick<Config, 'write-kubeconfig'>): Promise<string> {
  if (config['write-kubeconfig']) return config['write-kubeconfig'];
  return path.join(await invokingHome(), '.kube', 'config');
}

async function invokingHome(): Promise<string> {
  const owner = invokingUser(process.env);
  if (!owner || userInfo().uid === owner.uid) return homedir();
  const { stdout } = await run(['getent', 'passwd', String(owner.uid)]);
  return stdout.split(':')[5] || homedir();
}

/** Merges our context into the file, which stays its owner's. Returns its path. */
export async function saveKubeconfig(config: Pick<Config, 'write-kubeconfig'>, access: Access): Promise<string> {
  const file = await kubeconfigPath(config);
  const owner = config['write-kubeconfig'] ? undefined : invokingUser(process.env);
  await writeKubeconfig(file, entryOf(access), { ...(owner ? { owner } : {}), use: true });
  return file;
}

/** Takes our context out again; the file itself goes when nothing else was in it. */
export async function removeKubeconfig(config: Pick<Config, 'write-kubeconfig'>): Promise<void> {
  const file = await kubeconfigPath(config);
  if (!existsSync(file)) return;
  const owner = config['write-kubeconfig'] ? undefined : invokingUser(process.env);
  const rest = await removeFromKubeconfig(readFileSync(file, 'utf8'), PRODUCT, file);
  if (rest === undefined) rmSync(file);
  else await writeSecretFile(file, rest, owner);
}

/** The text of an administrator's kubeconfig from the keys in the data directory. */
export async function readKubeconfig(config: Pick<Config, 'data-dir' | 'port'>): Promise<string> {
  const [ca, cert, key] = ['ca.crt', 'admin.crt', 'admin.key'].map((name) =>
    readFileSync(path.join(config['data-dir'], 'pki', name), 'utf8'),
  ) as [string, string, string];
  const server = `https://127.0.0.1:${config.port}`;
  return kubeconfigOf({ name: PRODUCT, server, caCert: ca, client: { cert, key } });
}
