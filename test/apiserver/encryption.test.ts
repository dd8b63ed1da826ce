// Encrypting what is there already: by writing it once more as it is, as upstream's documentation tells administrators to.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import Database from 'better-sqlite3';
import { secrets } from '../../src/api/resources.ts';
import { startTestServer } from '../support/server.ts';

it('a Secret that is replaced by itself is stored encrypted from then on', async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'encryption-'));
  t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  const file = path.join(directory, 'state.db');
  const storageUrl = `sqlite:${file}`;
  const first = await startTestServer({ storageUrl });
  await first.client.create(secrets, {
    metadata: { name: 's', namespace: 'default' },
    data: { password: 'aHVudGVyMg==' },
  });
  await first.stop();

  const encryptionConfig = path.join(directory, 'encryption.yaml');
  const secret = Buffer.alloc(32, 7).toString('base64');
  await writeFile(
    encryptionConfig,
    `kind: EncryptionConfiguration
apiVersion: apiserver.config.k8s.io/v1
resources:
  - resources: [secrets]
    providers:
      - aesgcm: { keys: [{ name: key1, secret: ${secret} }] }
      - identity: {}
`,
  );
  const second = await startTestServer({ storageUrl, storageOptions: { encryptionConfig }, namespaces: [] });
  const held = await second.client.get(secrets, 'default', 's');
  const replaced = await second.client.update(secrets, held);
  assert.notEqual(replaced.metadata.resourceVersion, held.metadata.resourceVersion);
  const again = await second.client.update(secrets, replaced);
  assert.equal(again.metadata.resourceVersion, replaced.metadata.resourceVersion);
  await second.stop();

  const db = new Database(file, { readonly: true });
  const stored = db.prepare<[], Buffer>(
    "SELECT value FROM log WHERE key = '/core/secrets/default/s' ORDER BY rev DESC",
  );
  const newest = stored.pluck().get() as Buffer;
  db.close();
  assert.match(newest.toString('latin1', 0, 40), /^k8s:enc:aesgcm:v1:key1:/);
  assert.ok(!newest.includes('aHVudGVyMg=='));
});
