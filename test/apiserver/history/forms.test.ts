// The forms in which the port answers history and reads of the past: JSON, YAML, Tables.
import assert from 'node:assert/strict';
import https from 'node:https';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { CHANGES, startWorld, type World } from './world.ts';

const TOKEN = 'secret';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const PATH = `${DEPLOYMENTS}/web`;
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const HOUR = 3_600_000;

let api: World;
before(async () => {
  api = await startWorld({ port: 0, staticToken: TOKEN });
  const container = { name: 'web', image: 'nginx:1' };
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } };
  const spec = { replicas: 1, selector: { matchLabels: { a: 'b' } }, template };
  const metadata = { name: 'web', labels: { old: 'x' } };
  await api.send('POST', DEPLOYMENTS, { body: { metadata, spec } });
  await api.clock.advance(2 * HOUR);
  const body = {
    metadata: { labels: null },
    spec: { replicas: 3, template: { spec: { containers: [{ ...container, image: 'nginx:2', args: ['a'] }] } } },
  };
  await api.send('PATCH', `${PATH}/scale`, {
    body: { spec: { replicas: 2 } },
    contentType: 'application/merge-patch+json',
  });
  await api.send('PATCH', PATH, { body, contentType: 'application/strategic-merge-patch+json' });
  await api.clock.advance(3 * HOUR);
  await api.send('DELETE', PATH);
});
after(() => api.stop());

interface Table {
  kind: string;
  metadata: Record<string, unknown>;
  columnDefinitions: { name: string; priority: number }[];
  rows: { cells: unknown[]; object: { kind?: string; metadata: Record<string, unknown> } | null }[];
}

const fetched = (path: string, accept: string) =>
  new Promise<{ code: number | undefined; type: string | undefined; warning: unknown; body: string }>(
    (resolve, reject) => {
      const headers = { authorization: `Bearer ${TOKEN}`, accept };
      const request = https.get(new URL(path, api.server.url), { headers, ca: api.ca, agent: false });
      request.on('error', reject);
      request.on('response', async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const { 'content-type': type, warning } = response.headers;
        resolve({ code: response.statusCode, type, warning, body: Buffer.concat(chunks).toString() });
      });
    },
  );

const table = async (path: string): Promise<Table> => {
  const { code, body } = await fetched(path, TABLE);
  assert.equal(code, 200, body);
  return JSON.parse(body) as Table;
};
const column = ({ columnDefinitions, rows }: Table, name: string) => {
  const at = columnDefinitions.findIndex((one) => one.name === name);
  return rows.map(({ cells }) => cells[at]);
};

describe('the history of an object', () => {
  it('is a table with a row for each revision', async () => {
    const made = await table(`${PATH}/history`);
    assert.equal(made.kind, 'Table');
    assert.deepEqual(
      made.columnDefinitions.filter(({ priority }) => priority === 0).map(({ name }) => name),
      ['Time', 'Operation', 'User', 'Manager', 'Changes', 'Revision'],
    );
    const [gone, changed, scaled, first] = made.rows.map(({ cells }) => cells);
    const version = (row: number) => made.rows[row]?.object?.metadata.resourceVersion;
    const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour)).toISOString();
    assert.deepEqual(gone, [at(5), 'delete', 'admin', 'admin', '', version(0), 'delete', 'admin']);
    assert.deepEqual(changed, [
      ...[at(2), 'update', 'admin', 'admin'],
      '-.metadata.labels, .spec.replicas=3, .spec.template.spec.containers[name=web].image=nginx:2, +1 more',
      ...[version(1), 'patch', 'admin'],
    ]);
    assert.deepEqual(scaled?.slice(4), ['.spec.replicas=2', version(2), 'patch scale', 'admin']);
    assert.deepEqual(first?.slice(0, 2), [at(0), 'create']);
    assert.deepEqual(made.rows[0]?.object?.kind, 'PartialObjectMetadata');
    assert.equal(made.rows[0]?.object?.metadata.name, 'web');
    assert.deepEqual(made.metadata, { resourceVersion: String(api.storage.revision) });
  });

  it('is a table in pages, with or without objects', async () => {
    const first = await table(`${PATH}/history?limit=1&includeObject=None`);
    assert.deepEqual([first.rows.length, first.rows[0]?.object], [1, null]);
    const next = await table(`${PATH}/history?includeObject=Object&continue=${first.metadata.continue}`);
    const shown = next.rows.map(({ object }) => (object as { operation?: string } | null)?.operation);
    assert.deepEqual(shown, ['update', 'update', 'create']);
  });

  it('is YAML for who asks for it', async () => {
    const { type, body } = await fetched(`${PATH}/history`, 'application/yaml');
    assert.equal(type, 'application/yaml');
    assert.deepEqual(parse(body), await api.get(`${PATH}/history`));
    assert.match(body, /^kind: ObjectHistory$/m);
  });

  it('is JSON for who would rather have protobuf, and refused to who takes nothing else', async () => {
    const protobuf = 'application/vnd.kubernetes.protobuf';
    const { type, body } = await fetched(`${PATH}/history`, `${protobuf},application/json`);
    assert.equal(type, 'application/json');
    assert.equal(JSON.parse(body).kind, 'ObjectHistory');
    assert.equal((await fetched(`${PATH}/history`, protobuf)).code, 406);
    assert.equal((await fetched(CHANGES, protobuf)).code, 406);
    assert.equal((await fetched(`${PATH}/history?includeObject=All`, TABLE)).code, 400);
  });
});

describe('changes over all', () => {
  it('are a table that names the object', async () => {
    const made = await table(`${CHANGES}?resource=deployments.apps`);
    assert.deepEqual(
      made.columnDefinitions.filter(({ priority }) => priority === 0).map(({ name }) => name),
      ['Time', 'Operation', 'Namespace', 'Object', 'User', 'Manager', 'Changes', 'Revision'],
    );
    assert.deepEqual(column(made, 'Object'), Array(4).fill('Deployment/web'));
    assert.deepEqual(column(made, 'Namespace'), Array(4).fill('default'));
    assert.deepEqual(column(await table(`${CHANGES}?resource=namespaces`), 'Namespace'), ['']);
  });

  it('are YAML for who asks for it', async () => {
    const { body } = await fetched(CHANGES, 'application/yaml');
    assert.equal(parse(body).kind, 'ChangeList');
  });

  it('warn of a resource that nobody knows', async () => {
    const { code, body, warning } = await fetched(`${CHANGES}?resource=deploymnts.apps`, 'application/json');
    assert.match(String(warning), /no resource \\"deploymnts.apps\\" is served; what there was of it is listed/);
    assert.deepEqual([code, JSON.parse(body).items], [200, []]);
  });
});

describe('a read as of a time', () => {
  it('is a table with the columns of the type and the ages of then', async () => {
    const list = await table(`${DEPLOYMENTS}?asOf=-3h30m`);
    assert.deepEqual([column(list, 'Name'), column(list, 'Age')], [['web'], ['90m']]);
    const one = await table(`${PATH}?asOf=-1h`);
    assert.deepEqual([column(one, 'Ready'), column(one, 'Age')], [['0/3'], ['4h']]);
  });

  it('is YAML, protobuf and bare metadata as any read', async () => {
    const { body } = await fetched(`${PATH}?asOf=-1h`, 'application/yaml');
    assert.equal(parse(body).spec.replicas, 3);
    const { type } = await fetched(`${PATH}?asOf=-1h`, 'application/vnd.kubernetes.protobuf');
    assert.equal(type, 'application/vnd.kubernetes.protobuf');
    const bare = await fetched(`${PATH}?asOf=-1h`, 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io');
    assert.equal(JSON.parse(bare.body).kind, 'PartialObjectMetadata');
  });
});
