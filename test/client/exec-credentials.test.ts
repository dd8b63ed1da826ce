// Credentials from a program: what it is told, what is made of its answers, and when it is asked again.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { namespaces } from '../../src/api/resources.ts';
import { connect } from '../../src/client/connect.ts';
import { execCredentials } from '../../src/client/exec-credentials.ts';
import { systemClock } from '../../src/clock.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const V1 = 'client.authentication.k8s.io/v1';
const folder = mkdtempSync(path.join(tmpdir(), 'tsk-'));
const asked = path.join(folder, 'asked');
const answer = path.join(folder, 'answer');
let api: TestServer;

before(async () => {
  // Says what it was told, and answers with a file.
  const program = `#!/bin/sh\necho "$1 $NAME $KUBERNETES_EXEC_INFO" >> ${asked}\ncat ${answer}\n`;
  writeFileSync(path.join(folder, 'plugin'), program);
  chmodSync(path.join(folder, 'plugin'), 0o755);
  api = await startTestServer({ clock: systemClock, port: 0, staticToken: 'secret' });
});
after(async () => {
  await api.stop();
  rmSync(folder, { recursive: true });
});

const file = path.join(folder, 'kubeconfig');
const config = { command: './plugin', apiVersion: V1, interactiveMode: 'IfAvailable' };
const give = (status: object | undefined, apiVersion = V1) =>
  writeFileSync(answer, JSON.stringify({ kind: 'ExecCredential', apiVersion, status }));
const times = (): number => readFileSync(asked, 'utf8').trim().split('\n').length;

test('a kubeconfig with a plugin and another name of the server', async () => {
  give({ token: 'secret' });
  const user = { ...config, args: ['get'], env: [{ name: 'NAME', value: 'value' }], provideClusterInfo: true };
  const extension = { audience: 'a' };
  const cluster = {
    server: api.server.url,
    'tls-server-name': 'localhost',
    'certificate-authority-data': Buffer.from(api.ca).toString('base64'),
    extensions: [{ name: 'client.authentication.k8s.io/exec', extension }],
  };
  const kubeconfig = (change: object = {}) => ({
    'current-context': 'x',
    clusters: [{ name: 'c', cluster: { ...cluster, ...change } }],
    users: [{ name: 'u', user: { exec: user } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  });
  writeFileSync(file, JSON.stringify(kubeconfig()));
  const connection = await connect({ file });
  await connection.client.get(namespaces, undefined, 'default');
  await connection.client.get(namespaces, undefined, 'default');
  await connection.close();
  const [line = '', ...more] = readFileSync(asked, 'utf8').trim().split('\n');
  assert.deepEqual([line.slice(0, 10), more], ['get value ', []]);
  const { extensions: _extensions, ...told } = cluster;
  assert.deepEqual(JSON.parse(line.slice(10)), {
    kind: 'ExecCredential',
    apiVersion: V1,
    spec: { interactive: false, cluster: { ...told, config: extension } },
  });
  writeFileSync(file, JSON.stringify(kubeconfig({ 'tls-server-name': 'elsewhere' })));
  const other = await connect({ file });
  await assert.rejects(other.client.get(namespaces, undefined, 'default'), /elsewhere/);
  await other.close();
});

test('it is asked again when its answer has run out or was not taken', async () => {
  let now = 0;
  rmSync(asked, { force: true });
  const source = execCredentials({ config, file, cluster: {}, now: () => now });
  give({ token: 'one', expirationTimestamp: '1970-01-01T00:00:10Z' });
  assert.deepEqual(await Promise.all([source.get(), source.get()]), [{ token: 'one' }, { token: 'one' }]);
  assert.equal(times(), 1);
  now = 10_000;
  give({ token: 'two' });
  const two = await source.get();
  assert.deepEqual([two, times()], [{ token: 'two' }, 2]);
  give({ clientCertificateData: 'CERT', clientKeyData: 'KEY' });
  source.refuse({ token: 'one' });
  assert.equal(await source.get(), two);
  source.refuse(two);
  assert.deepEqual(await source.get(), { cert: 'CERT', key: 'KEY' });
});

test('answers that are none are told, and the program is asked the next time', async () => {
  const cases: [string | (() => void), RegExp][] = [
    ['no JSON', /printed no JSON/],
    ['{}', /printed no ExecCredential/],
    [() => give({ token: 'a' }, 'client.authentication.k8s.io/v1beta1'), /is configured to use .*v1, and returned/],
    [() => give(undefined), /did not return a status/],
    [() => give({}), /returned neither a token nor a certificate/],
    [() => give({ clientKeyData: 'K' }), /returned only one of certificate and key/],
    [() => give({ token: 'a', expirationTimestamp: 'soon' }), /returned the expirationTimestamp "soon"/],
  ];
  const source = execCredentials({ config, file, cluster: {}, now: () => 0 });
  for (const [given, message] of cases) {
    if (typeof given === 'string') writeFileSync(answer, given);
    else given();
    await assert.rejects(source.get(), message);
  }
  give({ token: 'a' });
  assert.deepEqual(await source.get(), { token: 'a' });
});

test('a program that is not there: with the hint of its kubeconfig', async () => {
  const source = execCredentials({
    config: { ...config, command: 'no-such-plugin', installHint: 'get it at example.com' },
    file,
    cluster: {},
    now: () => 0,
  });
  await assert.rejects(source.get(), /exec plugin in .*kubeconfig failed: .*no-such-plugin.*get it at example.com$/s);
});
