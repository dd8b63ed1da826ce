// The API machinery under load, with Pods, as issue 5 states its goals: RBAC, validation, defaults and managedFields on,
// every write durable. Upstream's kube-apiserver on etcd, the same work on 2 such cores: creates 700-900/s, gets
// 3,300-4,400/s, one stream of creates 430-650/s, the list 0.5 s, watchers 20 ms, memory about 300 MB.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../../src/exec.ts';
import { type Load, load } from './api.ts';
import { median, ms, type Row } from './report.ts';
import { type BenchServer, costOf } from './server.ts';

const NAMESPACE = 'bench-machinery';
const PODS = 6_000;
const WATCHERS = 100;
const CREATES_SEEN = 500;
/** As client-go's connections have it (golang.org/x/net/http2, transportDefaultConnFlow): frames wait for no update of it. */
const CONNECTION_WINDOW = 2 ** 30;
const SETTLE_MS = 10_000;
const PARALLEL = ['-c', '4', '-m', '8'];
const SINGLE = ['-c', '1', '-m', '1'];

/** Never scheduled, so that nobody but the client writes it. */
const pod = (metadata: Record<string, unknown>) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...metadata, labels: { app: 'bench', tier: 'none' } },
  spec: {
    schedulingGates: [{ name: 'bench.example.com/never' }],
    containers: [
      {
        name: 'one',
        image: 'registry.example.com/team/app:1.2.3',
        args: ['--port=8080', '--log=info'],
        env: [
          { name: 'A', value: 'b' },
          { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        ],
        ports: [{ name: 'http', containerPort: 8080 }],
        resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
        livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
      },
    ],
  },
});

const residentMb = (server: BenchServer): number => costOf(server.pid()).residentBytes / 1e6;
const pause = () => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));

export async function benchMachinery(server: BenchServer): Promise<Row[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tsb-machinery-'));
  const body = path.join(folder, 'pod.json');
  writeFileSync(body, JSON.stringify(pod({ generateName: 'bench-' })));
  const headers = ['-H', `authorization: Bearer ${server.token}`, '-H', 'content-type: application/json'];
  const collection = `${server.url}/api/v1/namespaces/${NAMESPACE}/pods`;
  const kubectl = (args: readonly string[], input = '') =>
    run(['kubectl', `--kubeconfig=${server.kubeconfig}`, ...args], { input });
  try {
    await kubectl(['create', 'namespace', NAMESPACE]);
    await kubectl(['wait', '--for=create', `--namespace=${NAMESPACE}`, 'serviceaccount/default']);
    await kubectl(['create', '-f', '-'], JSON.stringify(pod({ name: 'first', namespace: NAMESPACE })));
    await pause();
    const empty = residentMb(server);
    const create = await costed(server, collection, {
      requests: PODS,
      clients: PARALLEL,
      extra: [...headers, '-d', body],
    });
    await pause();
    const filled = residentMb(server);
    const list = await timeLists(server);
    const get = await costed(server, `${collection}/first`, { requests: 30_000, clients: PARALLEL, extra: headers });
    const seen = await timeWatchers(server);
    const one = await costed(server, collection, { requests: 1_500, clients: SINGLE, extra: [...headers, '-d', body] });
    const more = await costed(server, collection, {
      requests: PODS,
      clients: PARALLEL,
      extra: [...headers, '-d', body],
    });
    const told = ({ perSecond, micros }: Costed) =>
      `${Math.round(perSecond).toLocaleString('en')} /s, ${Math.round(micros)} µs of processor each`;
    return [
      {
        name: 'create a Pod, 4 connections of 8 streams',
        value: told(create),
        against: 'goal 4,000 /s',
      },
      { name: 'the same once its code is compiled, after 8,000 others', value: told(more), against: 'goal 4,000 /s' },
      { name: 'get a Pod, 4 connections of 8 streams', value: told(get), against: 'goal 12,000 /s' },
      { name: 'create a Pod, one stream', value: told(one), against: 'goal 900 /s' },
      {
        name: `list ${PODS} Pods (${Math.round(list.bytes / 1e6)} MB)`,
        value: ms(list.median),
        against: 'goal 120 ms',
      },
      {
        name: `${WATCHERS} watchers see each of ${CREATES_SEEN} creates, p50 and p99`,
        value: `${ms(seen.p50)}, ${ms(seen.p99)}`,
        against: 'goal p99 5 ms',
      },
      { name: `memory (RSS) for ${PODS} Pods`, value: `${Math.round(filled - empty)} MB`, against: 'goal 150 MB' },
    ];
  } finally {
    await kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']);
    rmSync(folder, { recursive: true });
  }
}

type Costed = Load & {
  /** Of the server's processor time, for each request; other work on the machine changes it little. */
  micros: number;
};

async function costed(server: BenchServer, url: string, options: Parameters<typeof load>[1]): Promise<Costed> {
  const before = costOf(server.pid()).cpuSeconds;
  const result = await load(url, options);
  return { ...result, micros: ((costOf(server.pid()).cpuSeconds - before) / options.requests) * 1e6 };
}

function session(server: BenchServer): http2.ClientHttp2Session {
  // The certificate's authority is in the kubeconfig; who runs the bench trusts the server that it started.
  return http2.connect(server.url, { rejectUnauthorized: false, settings: { initialWindowSize: 16 * 2 ** 20 } });
}

const authorized = (server: BenchServer, target: string) => ({
  ':path': `/api/v1/namespaces/${NAMESPACE}/${target}`,
  authorization: `Bearer ${server.token}`,
});

async function timeLists(server: BenchServer): Promise<{ median: number; bytes: number }> {
  const connection = session(server);
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < 5; i++) {
    const begin = performance.now();
    bytes = 0;
    for await (const chunk of connection.request(authorized(server, `pods?limit=${PODS}`))) {
      bytes += (chunk as Buffer).length;
    }
    times.push(performance.now() - begin);
  }
  connection.close();
  return { median: median(times), bytes };
}

/** From the sending of a create to the arrival of its event, over all watchers and creates. */
async function timeWatchers(server: BenchServer): Promise<{ p50: number; p99: number }> {
  const connection = session(server);
  await once(connection, 'connect');
  connection.setLocalWindowSize(CONNECTION_WINDOW);
  const latencies: number[] = [];
  let sent = 0;
  let name = '';
  let missing = 0;
  let allSeen = () => {};
  const streams = Array.from({ length: WATCHERS }, () => {
    const stream = connection.request(
      authorized(server, 'pods?watch=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=false'),
    );
    let before = Buffer.alloc(0); // a name may come in two chunks
    stream.on('data', (chunk: Buffer) => {
      const both = Buffer.concat([before, chunk]);
      const isThere = both.includes(`"name":"${name}"`);
      before = isThere ? Buffer.alloc(0) : both.subarray(-64);
      if (!isThere) return;
      latencies.push(performance.now() - sent);
      missing -= 1;
      if (missing === 0) allSeen();
    });
    return stream;
  });
  await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('response', resolve))));
  for (let i = 0; i < CREATES_SEEN; i++) {
    name = `seen-${i}`;
    missing = WATCHERS;
    const seen = new Promise<void>((resolve) => {
      allSeen = resolve;
    });
    const request = connection.request({
      ...authorized(server, 'pods'),
      ':method': 'POST',
      'content-type': 'application/json',
    });
    request.resume();
    sent = performance.now();
    request.end(JSON.stringify(pod({ name })));
    await seen;
  }
  connection.destroy();
  const sorted = latencies.sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] as number;
  return { p50: at(0.5), p99: at(0.99) };
}
