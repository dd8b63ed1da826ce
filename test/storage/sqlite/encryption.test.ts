// Values encrypted on disk: what is, with which key, what happens when keys change, and what is refused.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import Database from 'better-sqlite3';
import { encryptionOf } from '../../../src/storage/sqlite/encryption.ts';
import { salvage } from '../../../src/storage/sqlite/salvage.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { open } from '../drivers.ts';
import { create, pod, podKey, textOf, update } from '../objects.ts';
import { change, contentsBeside, refuses, stateFile } from './disk.ts';

const KEYS = { one: randomBytes(32).toString('base64'), two: randomBytes(16).toString('base64') };
type KeyName = keyof typeof KEYS;

const aesgcm = (...names: KeyName[]) => ({ aesgcm: { keys: names.map((name) => ({ name, secret: KEYS[name] })) } });
const identity = { identity: {} };
const configuration = (resources: string[], ...providers: unknown[]) => ({
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'EncryptionConfiguration',
  resources: [{ resources, providers }],
});

const SECRET = 'correct horse battery staple';
const secretKey = '/core/secrets/default/s';

async function configFile(t: TestContext, content: unknown): Promise<string> {
  const file = `${await stateFile(t)}.yaml`;
  await writeFile(file, JSON.stringify(content));
  return file;
}

const writeSecret = (storage: Storage, text = SECRET) =>
  storage.write({ op: 'create', key: secretKey, object: pod('s', text) });

/** Prefixes of what is stored of `key`, oldest first. */
function stored(file: string, key: string): string[] {
  const db = new Database(file, { readonly: true });
  const values = db.prepare<[string], Buffer>('SELECT value FROM log WHERE key = ? ORDER BY rev').pluck().all(key);
  db.close();
  return values.map((value) => value.toString('latin1', 0, 22));
}

describe('encryption', () => {
  it('hides what it is asked for from the files, history too, and nothing else', async (t) => {
    const file = await stateFile(t);
    const encryptionConfig = await configFile(t, configuration(['secrets'], aesgcm('one'), identity));
    const storage = await open(t, `sqlite:${file}`, { encryptionConfig });
    const first = await writeSecret(storage);
    await update(storage, first, `${SECRET}!`);
    await create(storage, 'p', 'plain to see');
    assert.equal(textOf(await storage.getAt(secretKey, first.revision)), SECRET);
    await storage.close();
    for (const name of ['state.db', 'state.db-wal']) {
      const bytes = await readFile(path.join(path.dirname(file), name)).catch(() => Buffer.alloc(0));
      assert.ok(!bytes.includes(SECRET), name);
    }
    assert.ok((await readFile(file)).includes('plain to see'));
    assert.deepEqual(stored(file, secretKey), ['k8s:enc:aesgcm:v1:one:', 'k8s:enc:aesgcm:v1:one:']);
    const again = await open(t, `sqlite:${file}`, { encryptionConfig });
    assert.equal(textOf(again.get(secretKey)), `${SECRET}!`);
    const [event] = await again.changes({ prefix: secretKey, exact: true, limit: 1 });
    assert.equal(textOf(event?.previous), SECRET);
  });

  it('is taken up, renewed and given up by updates without a change, each once (rule 7)', async (t) => {
    const file = await stateFile(t);
    const plain = await open(t, `sqlite:${file}`);
    await writeSecret(plain);
    await plain.close();
    for (const [providers, prefix] of [
      [[aesgcm('one'), identity], 'k8s:enc:aesgcm:v1:one:'],
      [[aesgcm('two', 'one')], 'k8s:enc:aesgcm:v1:two:'],
      [[identity, aesgcm('two', 'one')], '{"kind":"Pod","apiVers'],
    ] as const) {
      const encryptionConfig = await configFile(t, configuration(['*.'], ...providers));
      const storage = await open(t, `sqlite:${file}`, { encryptionConfig });
      const held = storage.get(secretKey)!;
      const rewritten = await update(storage, held, SECRET);
      assert.equal(rewritten.revision, held.revision + 1);
      assert.equal((await update(storage, rewritten, SECRET)).revision, rewritten.revision);
      await storage.close();
      assert.equal(stored(file, secretKey).at(-1), prefix);
    }
  });

  it('refuses to start without the key, with another secret under its name, and with swapped values', async (t) => {
    const file = await stateFile(t);
    const encryptionConfig = await configFile(t, configuration(['*.*'], aesgcm('one')));
    const storage = await open(t, `sqlite:${file}`, { encryptionConfig });
    await writeSecret(storage);
    await create(storage, 'p', 'x');
    await storage.close();
    const before = await contentsBeside(file);
    await refuses(file, /pods\/default\/p was encrypted with key "one": start with --encryption-provider-config/);
    const other = await configFile(t, configuration(['*.*'], aesgcm('two')));
    await refuses(file, /was encrypted with key "one", which .* does not have/, { encryptionConfig: other });
    const wrong = { aesgcm: { keys: [{ name: 'one', secret: KEYS.two }] } };
    const wrongFile = await configFile(t, configuration(['*.*'], wrong));
    await refuses(file, /cannot be decrypted: key "one" has another secret/, { encryptionConfig: wrongFile });
    assert.deepEqual(await contentsBeside(file), before);
    const contentAt = (key: string) => `(SELECT value FROM log WHERE key = '${key}')`;
    change(file, `UPDATE log SET sum = NULL, value = ${contentAt(secretKey)} WHERE key = '${podKey('p')}'`);
    await refuses(file, /pods\/default\/p cannot be decrypted/, { encryptionConfig });
  });

  it('needs the keys of as much history as is kept', async (t) => {
    const file = await stateFile(t);
    for (const [name, text] of [
      ['one', 'first'],
      ['two', 'second'],
    ] as const) {
      const encryptionConfig = await configFile(t, configuration(['secrets'], aesgcm(name), aesgcm('one')));
      const storage = await open(t, `sqlite:${file}`, { encryptionConfig });
      const held = storage.get(secretKey);
      await (held ? update(storage, held, text) : writeSecret(storage, text));
      await storage.close();
    }
    const encryptionConfig = await configFile(t, configuration(['secrets'], aesgcm('two')));
    await refuses(file, /secrets\/default\/s was encrypted with key "one", which .* does not have/, {
      encryptionConfig,
    });
  });

  it('leaves salvage possible without the keys', async (t) => {
    const file = await stateFile(t);
    const encryptionConfig = await configFile(t, configuration(['secrets'], aesgcm('one')));
    const storage = await open(t, `sqlite:${file}`, { encryptionConfig });
    await writeSecret(storage);
    await storage.close();
    const to = `${await stateFile(t)}.salvaged`;
    assert.equal((await salvage(file, to)).objects, 1);
    assert.equal(textOf((await open(t, `sqlite:${to}`, { encryptionConfig })).get(secretKey)), SECRET);
  });

  for (const [what, content, sentence] of [
    ['another kind', { kind: 'Pod' }, /is not of kind EncryptionConfiguration/],
    ['nothing', null, /is not of kind EncryptionConfiguration/],
    ['no provider', configuration(['secrets']), /has an entry without providers/],
    [
      'a provider that is not there',
      configuration(['secrets'], { aescbc: {} }),
      /names the provider aescbc: only aesgcm/,
    ],
    ['no key', configuration(['secrets'], { aesgcm: { keys: [] } }), /has aesgcm without keys/],
    ['no name', configuration(['secrets'], { aesgcm: { keys: [{ secret: KEYS.one }] } }), /has a key without a name/],
    [
      'a short secret',
      configuration(['secrets'], { aesgcm: { keys: [{ name: 'a', secret: 'AAAA' }] } }),
      /secret of key "a" that is not 16, 24 or 32 bytes in base64/,
    ],
  ] as const) {
    it(`refuses a configuration with ${what}`, () => {
      assert.throws(() => encryptionOf('enc.yaml', content), sentence);
    });
  }

  it('refuses a configuration that is not there', async (t) => {
    const encryptionConfig = '/nowhere/enc.yaml';
    await refuses(await stateFile(t), /the encryption configuration \/nowhere\/enc\.yaml cannot be read: ENOENT/, {
      encryptionConfig,
    });
  });

  it('goes by the first entry that names the resource', () => {
    const entry = (resource: string, provider: unknown) => ({ resources: [resource], providers: [provider] });
    const resources = [entry('pods', identity), entry('deployments.apps', identity), entry('*.apps', aesgcm('one'))];
    const { seal } = encryptionOf('enc.yaml', { kind: 'EncryptionConfiguration', resources });
    const sealed = (key: string) => seal(key, 'x') !== undefined;
    assert.deepEqual(
      ['/core/pods/a/b', '/apps/deployments/a/b', '/apps/replicasets/a/b', '/core/secrets/a/b', '/x.io/pods/a/b'].map(
        sealed,
      ),
      [false, false, true, false, false],
    );
  });
});
