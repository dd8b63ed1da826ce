// Reading kubeconfig files as kubectl does (client-go tools/clientcmd): which server, as whom, in which namespace.
// Several files in KUBECONFIG are one: of entries of the same name the first counts.
// Throws ClientConfigError, whose message names the file or entry and what to do.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isObject } from '../apimachinery/value.ts';
import { systemClock } from '../clock.ts';
import { isMissingFile } from '../missing-file.ts';
import { CredentialError, execCredentials } from './exec-credentials.ts';
import type { HttpsTransportOptions } from './https-transport.ts';

export class ClientConfigError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ClientConfigError';
  }
}

export interface ClientConfigOptions {
  /** --kubeconfig: this file only. */
  file?: string;
  context?: string;
  /** --as and --as-group, over those of the kubeconfig's user. */
  impersonate?: { user: string; groups?: readonly string[] };
  env: Readonly<Record<string, string | undefined>>;
  home: string;
}

export interface ClientConfig {
  context: string;
  /** Of the context; 'default' when it names none. */
  namespace: string;
  transport: HttpsTransportOptions;
}

type Fields = Record<string, unknown>;

interface Entry {
  /** Relative paths in an entry are relative to its file. */
  file: string;
  value: Fields;
}

interface Merged {
  files: readonly string[];
  current: string | undefined;
  clusters: ReadonlyMap<string, Entry>;
  users: ReadonlyMap<string, Entry>;
  contexts: ReadonlyMap<string, Entry>;
}

/** What needs a proxy in between, which this client does not have, and what API servers no longer take. */
const UNSUPPORTED = {
  user: ['auth-provider', 'username', 'password'],
  cluster: ['proxy-url'],
} as const;

export async function loadClientConfig(options: ClientConfigOptions): Promise<ClientConfig> {
  const merged = await readAll(options);
  const context = options.context ?? merged.current;
  const files = merged.files.join(', ');
  if (!context) throw new ClientConfigError(`${files} has no current-context: name one with --context`);
  const entry = merged.contexts.get(context);
  if (!entry) {
    const known = [...merged.contexts.keys()].join(', ') || 'none';
    throw new ClientConfigError(`there is no context "${context}" in ${files} (there: ${known})`);
  }
  const named = (section: 'clusters' | 'users', field: 'cluster' | 'user'): Entry => {
    const name = entry.value[field];
    const found = typeof name === 'string' ? merged[section].get(name) : undefined;
    if (!found)
      throw new ClientConfigError(
        `context "${context}" names the ${field} "${name ?? ''}", which ${files} does not have`,
      );
    const unsupported = UNSUPPORTED[field].find((key) => found.value[key]);
    if (unsupported) {
      throw new ClientConfigError(
        `${field} "${name}" in ${found.file} uses ${unsupported}, which tsukube does not: use a client certificate or a token`,
      );
    }
    return found;
  };
  const cluster = named('clusters', 'cluster');
  const user = named('users', 'user');
  const { server } = cluster.value;
  if (typeof server !== 'string' || !URL.canParse(server)) {
    throw new ClientConfigError(`the cluster of context "${context}" in ${cluster.file} has no server that is a URL`);
  }
  const { namespace } = entry.value;
  const tlsServerName = cluster.value['tls-server-name'];
  return {
    context,
    namespace: typeof namespace === 'string' && namespace ? namespace : 'default',
    transport: {
      server: server.replace(/\/+$/, ''),
      ...certificates(cluster, user),
      ...tokenOf(user),
      ...pluginOf(user, cluster),
      ...(typeof tlsServerName === 'string' && tlsServerName ? { tlsServerName } : {}),
      ...(cluster.value['insecure-skip-tls-verify'] === true ? { insecureSkipTlsVerify: true } : {}),
      headers: impersonation(user, options.impersonate),
    },
  };
}

async function readAll({ file, env, home }: ClientConfigOptions): Promise<Merged> {
  const listed = (env.KUBECONFIG ?? '').split(path.delimiter).filter(Boolean);
  const files = file ? [file] : listed.length > 0 ? listed : [path.join(home, '.kube', 'config')];
  const read: { file: string; value: Fields }[] = [];
  for (const one of files) {
    const value = await readOne(one);
    if (value) read.push({ file: one, value });
  }
  if (read.length === 0) {
    throw new ClientConfigError(
      `there is no kubeconfig ${files.join(', ')}: "tsukube server" writes one, or name it with --kubeconfig`,
    );
  }
  const section = (name: string, field: string) => {
    const entries = new Map<string, Entry>();
    for (const { file: from, value } of read) {
      const items = value[name] ?? [];
      if (!Array.isArray(items)) throw new ClientConfigError(`${from} is not a kubeconfig: "${name}" is not a list`);
      for (const item of items) {
        if (!isObject(item) || typeof item.name !== 'string') {
          throw new ClientConfigError(`${from} is not a kubeconfig: an entry of "${name}" has no name`);
        }
        const content = item[field];
        if (!entries.has(item.name)) entries.set(item.name, { file: from, value: isObject(content) ? content : {} });
      }
    }
    return entries;
  };
  const current = read.map(({ value }) => value['current-context']).find((name) => typeof name === 'string' && name);
  return {
    files,
    current: current as string | undefined,
    clusters: section('clusters', 'cluster'),
    users: section('users', 'user'),
    contexts: section('contexts', 'context'),
  };
}

/** undefined when there is no such file: one of several may be missing. */
async function readOne(file: string): Promise<Fields | undefined> {
  const { parse } = await import('yaml');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (isMissingFile(cause)) return undefined;
    throw new ClientConfigError(`${file} cannot be read: ${(cause as Error).message}`, cause);
  }
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch (cause) {
    throw new ClientConfigError(`${file} is not valid YAML: ${(cause as Error).message.split('\n')[0]}`, cause);
  }
  if (!isObject(value)) throw new ClientConfigError(`${file} is not a kubeconfig: a map is expected`);
  return value;
}

function certificates(cluster: Entry, user: Entry): Pick<HttpsTransportOptions, 'ca' | 'cert' | 'key'> {
  const ca = pem(cluster, 'certificate-authority');
  const cert = pem(user, 'client-certificate');
  const key = pem(user, 'client-key');
  if ((cert === undefined) !== (key === undefined)) {
    throw new ClientConfigError(
      `a user in ${user.file} has only one of client-certificate and client-key: both are needed`,
    );
  }
  return { ...(ca ? { ca } : {}), ...(cert && key ? { cert, key } : {}) };
}

/** `<field>-data` in base64, else the file that `field` names. */
function pem({ file, value }: Entry, field: string): string | undefined {
  const data = value[`${field}-data`];
  if (typeof data === 'string' && data) return Buffer.from(data, 'base64').toString();
  const named = value[field];
  return typeof named === 'string' && named ? readBeside(file, named) : undefined;
}

function readBeside(kubeconfig: string, named: string): string {
  const file = path.resolve(path.dirname(kubeconfig), named);
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ClientConfigError(
      `${kubeconfig} names ${file}, which cannot be read: ${(cause as Error).message}`,
      cause,
    );
  }
}

/** A token file is read with each request, for whoever rotates it; it wins over a token, as in client-go. */
function tokenOf({ file, value }: Entry): Pick<HttpsTransportOptions, 'token'> {
  const { token, tokenFile } = value;
  if (typeof tokenFile === 'string' && tokenFile) return { token: () => readBeside(file, tokenFile).trim() };
  return typeof token === 'string' && token ? { token: () => token } : {};
}

/** A plugin is asked only where the kubeconfig has no credentials itself (exec.go UpdateTransportConfig). */
function pluginOf(user: Entry, cluster: Entry): Pick<HttpsTransportOptions, 'credentials'> {
  const { exec: config, token, tokenFile } = user.value;
  if (!isObject(config) || token || tokenFile || pem(user, 'client-certificate')) return {};
  try {
    const options = { config, file: user.file, cluster: clusterTold(cluster), now: systemClock.now };
    return { credentials: execCredentials(options) };
  } catch (error) {
    if (error instanceof CredentialError) throw new ClientConfigError(error.message, error);
    throw error;
  }
}

const TOLD = ['server', 'tls-server-name', 'insecure-skip-tls-verify', 'certificate-authority-data', 'proxy-url'];

/** What the program is told of the cluster, with what the kubeconfig has for it. */
function clusterTold(cluster: Entry): object {
  const ca = pem(cluster, 'certificate-authority');
  const { extensions } = cluster.value;
  const own = (Array.isArray(extensions) ? extensions : []).find((one) => isObject(one) && one.name === EXTENSION);
  return {
    ...Object.fromEntries(TOLD.filter((key) => cluster.value[key]).map((key) => [key, cluster.value[key]])),
    ...(ca ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') } : {}),
    ...(own ? { config: own.extension } : {}),
  };
}

/** Reserved for exec plugins. */
const EXTENSION = 'client.authentication.k8s.io/exec';

function impersonation({ value }: Entry, asked: ClientConfigOptions['impersonate']): Record<string, string | string[]> {
  const user = asked?.user ?? value.as;
  const groups = asked ? (asked.groups ?? []) : value['as-groups'];
  return {
    ...(typeof user === 'string' && user ? { 'Impersonate-User': user } : {}),
    ...(Array.isArray(groups) && groups.length > 0 ? { 'Impersonate-Group': groups.map(String) } : {}),
  };
}
