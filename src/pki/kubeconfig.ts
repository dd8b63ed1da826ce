// The kubeconfig that lets kubectl in: one cluster, user and context of our name, added to whatever else the file
// holds. Other entries, their order and comments stay as they are.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { YAMLMap } from 'yaml';
import { isMissingFile } from '../missing-file.ts';
import type { KeyPair } from './certificate.ts';
import { ensureSecretDir, writeSecretFile } from './files.ts';

export interface KubeconfigEntry {
  /** Name of cluster, user and context alike. */
  name: string;
  /** https://127.0.0.1:6443 */
  server: string;
  /** PEM of the authority that signed the server's certificate. */
  caCert: string;
  client: KeyPair;
  namespace?: string;
}

/** A kubeconfig that cannot be extended; the message names the file and what to do. */
export class KubeconfigError extends Error {
  constructor(file: string, why: string, cause?: unknown) {
    super(`${file} ${why}`, { cause });
    this.name = 'KubeconfigError';
  }
}

const SECTIONS = ['clusters', 'users', 'contexts'] as const;

/** The text of a kubeconfig that holds only `entry`, as current context. */
export const kubeconfigOf = (entry: KubeconfigEntry): Promise<string> => mergeKubeconfig('', entry);

/**
 * `existing` (YAML or JSON, may be empty) with our cluster, user and context added or replaced. The current context
 * becomes ours only where there was none, or where `use` says so.
 */
export async function mergeKubeconfig(
  existing: string,
  entry: KubeconfigEntry,
  options: { file?: string; use?: boolean } = {},
): Promise<string> {
  const { file = 'the kubeconfig', use = false } = options;
  const document = await parseKubeconfig(existing, file);
  document.set('apiVersion', 'v1');
  document.set('kind', 'Config');
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const contents = {
    clusters: { cluster: { server: entry.server, 'certificate-authority-data': base64(entry.caCert) } },
    users: {
      user: {
        'client-certificate-data': base64(entry.client.cert),
        'client-key-data': base64(entry.client.key),
      },
    },
    contexts: {
      context: {
        cluster: entry.name,
        user: entry.name,
        ...(entry.namespace ? { namespace: entry.namespace } : {}),
      },
    },
  };
  for (const section of SECTIONS) {
    const items = withoutEntry(document, section, { name: entry.name, file });
    items.push(document.createNode({ name: entry.name, ...contents[section] }));
    document.set(section, items);
  }
  if (use || !document.get('current-context')) document.set('current-context', entry.name);
  return document.toString({ lineWidth: 0 });
}

/** `existing` without our entries; undefined when nothing of value is left and the file may go. */
export async function removeFromKubeconfig(existing: string, name: string, file: string): Promise<string | undefined> {
  const document = await parseKubeconfig(existing, file);
  let left = 0;
  for (const section of SECTIONS) {
    const items = withoutEntry(document, section, { name, file });
    document.set(section, items);
    left += items.length;
  }
  if (left === 0) return undefined;
  if (document.get('current-context') === name) document.set('current-context', '');
  return document.toString({ lineWidth: 0 });
}

/** Merges `entry` into `file` (made with its folder when missing), 0600 and owned by `owner` when given. */
export async function writeKubeconfig(
  file: string,
  entry: KubeconfigEntry,
  options: { owner?: { uid: number; gid: number }; use?: boolean } = {},
): Promise<void> {
  const existing = await readIfThere(file);
  const merged = await mergeKubeconfig(existing, entry, { file, ...(options.use ? { use: true } : {}) });
  if (merged === existing) return;
  await ensureOwnedDir(path.dirname(file), options.owner);
  await writeSecretFile(file, merged, options.owner);
}

/** Who called sudo, or undefined without sudo: root-made files in a home must belong to its user. */
export function invokingUser(
  env: Readonly<Record<string, string | undefined>>,
): { uid: number; gid: number } | undefined {
  const uid = Number.parseInt(env.SUDO_UID ?? '', 10);
  const gid = Number.parseInt(env.SUDO_GID ?? '', 10);
  return Number.isNaN(uid) || Number.isNaN(gid) ? undefined : { uid, gid };
}

async function ensureOwnedDir(dir: string, owner: { uid: number; gid: number } | undefined): Promise<void> {
  try {
    await stat(dir);
  } catch {
    await ensureSecretDir(dir, owner);
  }
}

async function parseKubeconfig(text: string, file: string) {
  const yaml = await import('yaml');
  const document = yaml.parseDocument(text || '{}');
  if (document.errors.length > 0) {
    const [error] = document.errors;
    throw new KubeconfigError(file, `is not valid YAML: ${error?.message.split('\n')[0]}`, error);
  }
  if (document.contents === null) document.contents = document.createNode({}) as unknown as typeof document.contents;
  if (!yaml.isMap(document.contents)) {
    throw new KubeconfigError(file, 'is not a kubeconfig (a map is expected); move it away or name another file');
  }
  if (text === '') (document.contents as YAMLMap).flow = false;
  return document;
}

/** The nodes of a section but those named `name`; the document is left as it is. */
function withoutEntry(
  document: Awaited<ReturnType<typeof parseKubeconfig>>,
  section: string,
  { name, file }: { name: string; file: string },
): unknown[] {
  const node = document.get(section, true) as { items?: unknown[]; value?: unknown } | undefined;
  if (node === undefined || node === null || node.value === null) return [];
  if (!Array.isArray(node.items)) throw new KubeconfigError(file, `is not a kubeconfig: "${section}" is not a list`);
  return node.items.filter((item) => (item as { get?: (key: string) => unknown }).get?.('name') !== name);
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (isMissingFile(cause)) return '';
    throw new KubeconfigError(file, `cannot be read: ${(cause as Error).message}`, cause);
  }
}
