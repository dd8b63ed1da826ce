// What @kubernetes/client-node does with running pods: logs, commands in them, connections to their ports.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { Exec, KubeConfig, Log, PortForward, type V1Status } from '@kubernetes/client-node';
import { eventually } from '../support/eventually.ts';
import { type Cluster, createCluster } from './cluster.ts';

const POD = `
apiVersion: v1
kind: Pod
metadata: { name: page }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: busybox:1.36
      command: [sh, -c, 'echo started; mkdir /www; echo page > /www/index.html; exec httpd -f -p 8080 -h /www']
      readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 }
`;

/** Everything that is written to it, as text. */
function gathering(): { stream: PassThrough; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

describe('client-node', { timeout: 120_000 }, () => {
  const config = new KubeConfig();
  let cluster: Cluster;

  before(async () => {
    cluster = await createCluster();
    await cluster.start();
    await cluster.kubectl.withInput(POD, 'apply', '-f', '-');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/page', '--timeout=60s');
    config.loadFromString(readFileSync(path.join(cluster.folder, 'kubeconfig'), 'utf8'));
  });
  after(() => cluster.remove());

  test('logs', async () => {
    const { stream, text } = gathering();
    await new Log(config).log('default', 'page', 'main', stream);
    await once(stream, 'end');
    assert.equal(text(), 'started\n');
  });

  test('exec passes input, both outputs and the exit code', async () => {
    const [out, err] = [gathering(), gathering()];
    const status = await new Promise<V1Status>((resolve, reject) => {
      new Exec(config)
        .exec(
          'default',
          'page',
          'main',
          ['sh', '-c', 'read line; echo got $line; echo wrong >&2; exit 7'],
          out.stream,
          err.stream,
          Readable.from(['typed\n']),
          false,
          resolve,
        )
        .catch(reject);
    });
    assert.deepEqual([out.text(), err.text()], ['got typed\n', 'wrong\n']);
    assert.equal(status.details?.causes?.[0]?.message, '7');
  });

  test('port-forward', async () => {
    const { stream, text } = gathering();
    const input = new PassThrough();
    await new PortForward(config).portForward('default', 'page', [8080], stream, null, input);
    input.write('GET / HTTP/1.0\r\n\r\n');
    await eventually('the page', () => text().endsWith('page\n'));
    assert.match(text(), /^HTTP\/1\.\d 200 OK/);
  });
});
