// How fast the log of a container comes to one follower, through the API server and the kubelet's port.
import { get } from 'node:https';
import { run } from '../../src/exec.ts';
import type { Row } from './report.ts';
import type { BenchServer } from './server.ts';

const LINE = 'a line of a hundred bytes, as programs write them when they tell of every request that they have served';
const BYTES = 4_000_000 * (LINE.length + 1);
/** So that nothing of it is given up. */
export const LOG_SETTINGS = { 'container-log-max-size': '2Gi' };

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'logs', namespace: 'default' },
  spec: {
    containers: [
      {
        name: 'main',
        image: 'busybox:1.36',
        imagePullPolicy: 'Never',
        command: ['sh', '-c', `yes '${LINE}' | head -c ${BYTES}; sleep 10000`],
      },
    ],
  },
};

/** Megabytes a second from the first byte to the last that the container writes. */
function follow({ url, token }: BenchServer): Promise<number> {
  const options = { rejectUnauthorized: false, agent: false, headers: { authorization: `Bearer ${token}` } };
  return new Promise((resolve, reject) => {
    const asking = get(`${url}/api/v1/namespaces/default/pods/logs/log?follow=true`, options, (response) => {
      if (response.statusCode !== 200) reject(new Error(`the log was answered with ${response.statusCode}`));
      let begin = 0;
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        begin ||= performance.now();
        bytes += chunk.length;
        if (bytes < BYTES) return;
        asking.destroy();
        resolve(BYTES / 1e6 / ((performance.now() - begin) / 1000));
      });
    });
    asking.on('error', reject); // after the end it says nothing new
  });
}

export async function benchLogs(server: BenchServer): Promise<Row[]> {
  const kubectl = (args: readonly string[], input = '') =>
    run(['kubectl', `--kubeconfig=${server.kubeconfig}`, ...args], { input });
  await kubectl(['apply', '-f', '-'], JSON.stringify(pod));
  await kubectl(['wait', '--for=condition=Ready', 'pod/logs', '--timeout=60s']);
  const written = await follow(server);
  const there = await follow(server);
  await kubectl(['delete', 'pod', 'logs', '--now']);
  const size = `${Math.round(BYTES / 1e6)} MB`;
  return [
    { name: `log to one follower, ${size} as a container writes it`, value: `${written.toFixed(0)} MB/s`, against: '' },
    { name: `the same once it is written`, value: `${there.toFixed(0)} MB/s`, against: 'goal 100 MB/s' },
  ];
}
