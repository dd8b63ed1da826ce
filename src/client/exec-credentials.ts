// Credentials that a program gives out: the exec plugins of kubeconfigs (client.authentication.k8s.io, client-go
// plugin/pkg/client/auth/exec). It is run when credentials are first needed, when they have run out, and after a 401.
import path from 'node:path';
import { isObject } from '../apimachinery/value.ts';
import { RunError, run } from '../exec.ts';

export interface Credential {
  token?: string;
  /** PEM; both or none. */
  cert?: string;
  key?: string;
}

export interface CredentialSource {
  /** Rejects with CredentialError. */
  get(): Promise<Credential>;
  /** The server did not take `credential`: the next is a new one. */
  refuse(credential: Credential): void;
}

export class CredentialError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'CredentialError';
  }
}

export interface ExecOptions {
  /** The `exec` of a user. */
  config: Readonly<Record<string, unknown>>;
  /** The kubeconfig that has it: a command with a slash is beside it. */
  file: string;
  /** What the program is told of the cluster, where it asks for that. */
  cluster: object;
  /** Wall-clock milliseconds. */
  now(): number;
}

const GROUP = 'client.authentication.k8s.io';
const VERSIONS = [`${GROUP}/v1`, `${GROUP}/v1beta1`];
const MODES = ['Never', 'IfAvailable', 'Always'];

/** Throws CredentialError for what cannot be run. */
export function execCredentials({ config, file, cluster, now }: ExecOptions): CredentialSource {
  const { command, args, env, apiVersion, provideClusterInfo, interactiveMode, installHint } = config;
  const wrong = (what: string) => new CredentialError(`the exec plugin of a user in ${file} ${what}`);
  if (typeof command !== 'string' || !command) throw wrong('has no command');
  if (typeof apiVersion !== 'string' || !VERSIONS.includes(apiVersion)) {
    throw wrong(`has the apiVersion ${JSON.stringify(apiVersion ?? '')}: ${VERSIONS.join(' or ')} is expected`);
  }
  const mode = interactiveMode ?? (apiVersion === VERSIONS[0] ? '' : 'IfAvailable');
  if (!MODES.includes(mode as string)) {
    throw wrong(`has the interactiveMode ${JSON.stringify(mode)}: one of ${MODES.join(', ')} is expected`);
  }
  if (mode === 'Always') throw wrong('wants to ask on a terminal, which this client does not lend it');
  const program = /[/\\]/.test(command) ? path.resolve(path.dirname(file), command) : command;
  const spec = { interactive: false, ...(provideClusterInfo === true ? { cluster } : {}) };
  const environment = {
    ...Object.fromEntries(
      (Array.isArray(env) ? env : []).filter(isObject).map(({ name, value }) => [String(name), String(value ?? '')]),
    ),
    KUBERNETES_EXEC_INFO: JSON.stringify({ kind: 'ExecCredential', apiVersion, spec }),
  };

  async function ask(): Promise<{ credential: Credential; expires: number }> {
    const argv = [program, ...(Array.isArray(args) ? args.map(String) : [])];
    const { stdout } = await run(argv, { env: environment }).catch((error: Error) => {
      const missing = error instanceof RunError && error.exitCode === undefined;
      const hint = missing && typeof installHint === 'string' ? `\n\n${installHint}` : '';
      throw new CredentialError(`the exec plugin in ${file} failed: ${error.message}${hint}`, error);
    });
    return credentialIn(stdout, apiVersion as string, program);
  }

  let kept: ReturnType<typeof ask> | undefined;
  let current: Credential | undefined;
  return {
    async get() {
      // One run serves all who wait for it.
      const asked = kept ?? ask();
      kept = asked;
      const { credential, expires } = await asked.catch((error: unknown) => {
        kept = undefined;
        throw error;
      });
      if (expires > now()) {
        current = credential;
        return credential;
      }
      if (kept === asked) kept = ask();
      current = (await kept).credential;
      return current;
    },
    refuse(credential) {
      if (credential === current) kept = undefined;
    },
  };
}

function credentialIn(stdout: string, apiVersion: string, program: string) {
  const wrong = (what: string) => new CredentialError(`the exec plugin ${program} ${what}`);
  let given: unknown;
  try {
    given = JSON.parse(stdout);
  } catch (cause) {
    throw wrong(`printed no JSON: ${(cause as Error).message}`);
  }
  if (!isObject(given) || given.kind !== 'ExecCredential') throw wrong('printed no ExecCredential');
  if (given.apiVersion !== apiVersion) {
    throw wrong(`is configured to use ${apiVersion}, and returned ${JSON.stringify(given.apiVersion ?? '')}`);
  }
  const { status } = given;
  if (!isObject(status)) throw wrong('did not return a status');
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = status;
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
  if (isText(cert) !== isText(key)) throw wrong('returned only one of certificate and key, not both');
  if (!isText(token) && !isText(cert)) throw wrong('returned neither a token nor a certificate');
  const expires = isText(expirationTimestamp) ? Date.parse(expirationTimestamp) : Number.POSITIVE_INFINITY;
  if (Number.isNaN(expires)) throw wrong(`returned the expirationTimestamp ${JSON.stringify(expirationTimestamp)}`);
  const credential: Credential = {
    ...(isText(token) ? { token } : {}),
    ...(isText(cert) && isText(key) ? { cert, key } : {}),
  };
  return { credential, expires };
}
