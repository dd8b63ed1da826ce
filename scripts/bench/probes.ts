// What HTTP probes cost the server that makes them: a thousand a second for ten seconds, to a server in another process.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Container } from '../../src/api/types/core/v1.ts';
import { httpGet } from '../../src/kubelet/probes/http-action.ts';
import type { Row } from './report.ts';

const SECONDS = 10;
const A_SECOND = 1_000;
const TICK_MS = 10;
const container = { name: 'main', image: 'x' } as Container;

export async function benchProbes(): Promise<Row[]> {
  const child = fork(fileURLToPath(import.meta.url), { stdio: 'inherit' });
  try {
    const [port] = (await once(child, 'message')) as [number];
    const probe = async () => {
      const { ok } = await httpGet(
        { port },
        { host: '127.0.0.1', container, signal: AbortSignal.timeout(5_000), purpose: 'probe' },
      );
      if (!ok) throw new Error('a probe of the bench failed');
    };
    await Promise.all(Array.from({ length: A_SECOND }, probe)); // compiled from here on
    const before = process.cpuUsage();
    const pending: Promise<void>[] = [];
    const begin = performance.now();
    for (let made = 0; made < SECONDS * A_SECOND; ) {
      const due = Math.floor(((performance.now() - begin) / 1000) * A_SECOND);
      for (; made < due; made += 1) pending.push(probe());
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    await Promise.all(pending);
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - begin) / 1000;
    const percent = ((user + system) / 1e6 / seconds) * 100;
    return [
      {
        name: `${A_SECOND} HTTP probes a second, over ${SECONDS} s`,
        value: `${percent.toFixed(1)} % of a core`,
        against: 'goal 10 %',
      },
    ];
  } finally {
    child.kill();
  }
}

if (process.send) {
  const server = createServer((_, response) => response.end('ok'));
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}
