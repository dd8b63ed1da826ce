// Requests a second by h2load against the server, and against a bare node:http2 server that answers the same bytes
// over the same TLS: what the API costs above the transport.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run, spawn } from '../../src/exec.ts';
import type { Row } from './report.ts';
import type { BenchServer } from './server.ts';

const CLIENTS = ['-c', '8', '-m', '10'];
const OBJECTS = 100;

export interface Load {
  perSecond: number;
  meanMs: string;
}

/** Throws when any answer is not 2xx. */
export async function load(
  url: string,
  {
    requests,
    clients = CLIENTS,
    extra = [],
  }: { requests: number; clients?: readonly string[]; extra?: readonly string[] },
): Promise<Load> {
  const { stdout } = await run(['h2load', '-n', String(requests), ...clients, ...extra, url]);
  const perSecond = Number(/, ([\d.]+) req\/s/.exec(stdout)?.[1]);
  const good = Number(/status codes: (\d+) 2xx/.exec(stdout)?.[1]);
  if (good !== requests) throw new Error(`${url}: ${good} of ${requests} requests were answered with 2xx:\n${stdout}`);
  const meanMs = /time for request:\s+\S+\s+\S+\s+(\S+)/.exec(stdout)?.[1] ?? '';
  return { perSecond, meanMs };
}

const configMap = (name: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: name,
  data: { text: 'x'.repeat(1024) },
});

export async function benchApi(server: BenchServer): Promise<Row[]> {
  try {
    await run(['h2load', '--version']);
  } catch {
    return [{ name: 'API requests', value: 'not measured: h2load is not installed (package nghttp2-client)' }];
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'tsb-api-'));
  const headers = ['-H', `authorization: Bearer ${server.token}`, '-H', 'content-type: application/json'];
  const collection = `${server.url}/api/v1/namespaces/bench/configmaps`;
  const kubectl = (...args: string[]) => run(['kubectl', `--kubeconfig=${server.kubeconfig}`, ...args]);
  try {
    await kubectl('create', 'namespace', 'bench');
    const objects = Array.from({ length: OBJECTS }, (_, i) => configMap({ name: `c${i}`, namespace: 'bench' }));
    const list = path.join(folder, 'list.json');
    writeFileSync(list, objects.map((object) => JSON.stringify(object)).join('\n'));
    await kubectl('create', '-f', list);
    const body = path.join(folder, 'body.json');
    writeFileSync(body, JSON.stringify(configMap({ generateName: 'bench-' })));

    const one = await load(`${collection}/c1`, { requests: 20_000, extra: headers });
    const all = await load(`${collection}?limit=${OBJECTS}`, { requests: 4_000, extra: headers });
    const bytes = (await kubectl('get', '--raw', '/api/v1/namespaces/bench/configmaps/c1')).stdout.length;
    const bare = await bareServer(bytes, (url) => load(url, { requests: 20_000, extra: headers }));
    const create = await load(collection, { requests: 10_000, extra: [...headers, '-d', body] });
    const row = (name: string, { perSecond, meanMs }: Load, against = ''): Row => ({
      name,
      value: `${Math.round(perSecond).toLocaleString('en')} /s, mean ${meanMs}`,
      against,
    });
    return [
      row(
        'GET one ConfigMap of 1 KiB',
        one,
        `${(one.perSecond / bare.perSecond).toFixed(2)} of a bare node:http2 server (${Math.round(bare.perSecond).toLocaleString('en')} /s)`,
      ),
      row(`LIST ${OBJECTS} ConfigMaps of 1 KiB`, all),
      row('create a ConfigMap of 1 KiB, durable', create),
    ];
  } finally {
    await kubectl('delete', 'namespace', 'bench', '--wait=false');
    rmSync(folder, { recursive: true });
  }
}

/** Runs `measure` against a server in a process of its own that does nothing but answer `bytes` bytes. */
async function bareServer<T>(bytes: number, measure: (url: string) => Promise<T>): Promise<T> {
  const child = spawn([process.execPath, path.join(import.meta.dirname, 'bare-server.ts'), String(bytes)]);
  try {
    const port = await new Promise<string>((resolve, reject) => {
      child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
      child.once('exit', () => reject(new Error('the bare server ended')));
    });
    return await measure(`https://127.0.0.1:${port}/`);
  } finally {
    child.kill();
  }
}
