// Encryption of values at rest, told by the EncryptionConfiguration file that API servers take
// (apiserver.config.k8s.io/v1; k8s.io/apiserver/pkg/server/options/encryptionconfig). Providers: aesgcm and identity.
// A value is stored as `k8s:enc:aesgcm:v1:<key name>:`, nonce, ciphertext and tag; the object's key is authenticated with
// it, so that no value can be put in another's place.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { UnreadableContent, UnusableDatabase } from './errors.ts';

export interface Encryption {
  /** undefined when the object of this key is stored as it is. */
  seal(key: string, text: string): Buffer | undefined;
  /** Throws UnreadableContent. */
  unseal(key: string, sealed: Buffer): string;
  /** What is stored would be stored otherwise today: with a newer key, or encrypted at all. */
  isStale(key: string, sealed: Buffer | undefined): boolean;
}

interface Key {
  prefix: Buffer;
  secret: Buffer;
}

interface Rule {
  /** `resource.group`, `resource` for the core group; `*.group`, `*.` and `*.*` for all of them. */
  resources: readonly string[];
  /** To write with; undefined: as it is. */
  write: Key | undefined;
}

const PREFIX = 'k8s:enc:aesgcm:v1:';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export const noEncryption: Encryption = {
  seal: () => undefined,
  unseal(key, sealed) {
    throw new UnreadableContent(
      `${key} was encrypted with key "${keyName(sealed)}": start with --encryption-provider-config and the file that has it`,
    );
  },
  isStale: () => false,
};

/** Throws UnusableDatabase when the file is not there or says what cannot be done. */
export async function readEncryption(file: string): Promise<Encryption> {
  const { parse } = await import('yaml');
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw refused(file, `cannot be read: ${(cause as Error).message.split('\n')[0]}`, cause);
  }
  return encryptionOf(file, content);
}

const refused = (file: string, why: string, cause?: unknown): UnusableDatabase =>
  new UnusableDatabase(`the encryption configuration ${file} ${why}`, cause);

/** `content` is the parsed document; `file` is for messages. */
export function encryptionOf(file: string, content: unknown): Encryption {
  const document = content as { kind?: unknown; resources?: unknown } | null;
  if (document?.kind !== 'EncryptionConfiguration') throw refused(file, 'is not of kind EncryptionConfiguration');
  const keys: Key[] = [];
  const rules = list(document.resources).map((entry): Rule => {
    const { resources, providers } = entry as { resources?: unknown; providers?: unknown };
    const written = list(providers).map((provider) => keysOf(file, provider as Record<string, unknown>));
    if (written.length === 0) throw refused(file, 'has an entry without providers');
    keys.push(...written.flat());
    return { resources: list(resources).map(String), write: written[0]?.[0] };
  });
  const ruleOf = (key: string) => rules.find((rule) => rule.resources.some((resource) => covers(resource, key)));
  return {
    seal(key, text) {
      const writing = ruleOf(key)?.write;
      return writing && encrypt(writing, key, text);
    },
    unseal(key, sealed) {
      const held = keys.find(({ prefix }) => sealed.subarray(0, prefix.length).equals(prefix));
      if (held) return decrypt(held, key, sealed);
      throw new UnreadableContent(`${key} was encrypted with key "${keyName(sealed)}", which ${file} does not have`);
    },
    isStale(key, sealed) {
      const writing = ruleOf(key)?.write;
      if (!writing || !sealed) return (writing === undefined) !== (sealed === undefined);
      return !sealed.subarray(0, writing.prefix.length).equals(writing.prefix);
    },
  };
}

/** [] for identity. */
function keysOf(file: string, provider: Record<string, unknown>): Key[] {
  if ('identity' in provider) return [];
  if (!('aesgcm' in provider)) {
    throw refused(file, `names the provider ${Object.keys(provider)[0] ?? 'none'}: only aesgcm and identity are there`);
  }
  const named = list((provider.aesgcm as { keys?: unknown } | null)?.keys) as { name?: unknown; secret?: unknown }[];
  if (named.length === 0) throw refused(file, 'has aesgcm without keys');
  return named.map(({ name, secret }) => {
    const bytes = Buffer.from(String(secret ?? ''), 'base64');
    if (typeof name !== 'string' || !/^[^:]+$/.test(name)) throw refused(file, 'has a key without a name');
    if (![16, 24, 32].includes(bytes.length)) {
      throw refused(file, `has a secret of key "${name}" that is not 16, 24 or 32 bytes in base64`);
    }
    return { prefix: Buffer.from(`${PREFIX}${name}:`), secret: bytes };
  });
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function covers(wanted: string, key: string): boolean {
  const [, first = '', resource = ''] = key.split('/');
  const group = first === 'core' ? '' : first;
  if (wanted === '*.*') return true;
  if (wanted.startsWith('*.')) return wanted.slice(2) === group;
  const dot = wanted.indexOf('.');
  return dot < 0 ? wanted === resource && group === '' : wanted === `${resource}.${group}`;
}

const algorithm = ({ secret }: Key) => `aes-${secret.length * 8}-gcm` as 'aes-256-gcm';

function encrypt(key: Key, name: string, text: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(algorithm(key), key.secret, nonce).setAAD(Buffer.from(name));
  const sealed = [cipher.update(text, 'utf8'), cipher.final()];
  return Buffer.concat([key.prefix, nonce, ...sealed, cipher.getAuthTag()]);
}

function decrypt(key: Key, name: string, sealed: Buffer): string {
  const from = key.prefix.length;
  const nonce = sealed.subarray(from, from + NONCE_BYTES);
  try {
    const decipher = createDecipheriv(algorithm(key), key.secret, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(name)).setAuthTag(sealed.subarray(-TAG_BYTES));
    return decipher.update(sealed.subarray(from + NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch (cause) {
    throw new UnreadableContent(
      `${name} cannot be decrypted: key "${keyName(sealed)}" has another secret than when it was written, or the value is damaged`,
      cause,
    );
  }
}

const keyName = (sealed: Buffer): string =>
  /^k8s:enc:aesgcm:v1:([^:]+):/.exec(sealed.toString('latin1', 0, 256))?.[1] ?? 'unknown';
