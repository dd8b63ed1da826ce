// What HTTP probes cost the server that makes them: those of a thousand pods, each once a second, to a server in another
// process, through all of the kubelet that lies between a pod's worker and the socket.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Pod } from '../../src/api/types/core/v1.ts';
import { systemClock } from '../../src/clock.ts';
import type { ContainerStatus } from '../../src/kubelet/cri/runtime.ts';
import { recordOf } from '../../src/kubelet/pod-record.ts';
import { createBeats } from '../../src/kubelet/probes/beats.ts';
import { createProber } from '../../src/kubelet/probes/prober.ts';
import type { Row } from './report.ts';

const SECONDS = 10;
const A_SECOND = 1_000;
/** Until all is compiled. */
const WARM_MS = 4_000;
const HOST = '127.0.0.1';

/** Ready before, so that the first tries are spread over the period. */
const podOf = (name: string, port: number): Pod => ({
  metadata: { name, namespace: 'default', uid: name },
  spec: { containers: [{ name: 'main', image: 'x', readinessProbe: { httpGet: { port }, periodSeconds: 1 } }] },
  status: {
    containerStatuses: [
      { name: 'main', containerID: `bench://${name}`, image: 'x', imageID: '', ready: true, restartCount: 0 },
    ],
  },
});

export async function benchProbes(): Promise<Row[]> {
  const child = fork(fileURLToPath(import.meta.url), { stdio: 'inherit' });
  const told: string[] = [];
  let made = 0;
  const counted = { add: () => void made++, drop: () => undefined };
  const clock = systemClock;
  const shared = {
    clock,
    beats: createBeats(clock),
    runtime: {
      execSync: () => {
        throw new Error('the bench has no such probes');
      },
    },
    events: { event: (_: unknown, __: string, ___: string, message: string) => void told.push(message) },
    metrics: { count: () => counted },
    changed: () => undefined,
  };
  const probers = Array.from({ length: A_SECOND }, () => createProber(shared));
  try {
    const [port] = (await once(child, 'message')) as [number];
    for (const [at, prober] of probers.entries()) {
      const id = `pod-${at}`;
      const status = { id, name: 'main', attempt: 0, createdAt: 0, state: 'running', startedAt: clock.now() };
      prober.track(podOf(id, port), recordOf([], [status as ContainerStatus]), HOST);
    }
    await wait(WARM_MS);
    made = 0;
    told.length = 0;
    const before = process.cpuUsage();
    await wait(SECONDS * 1000);
    const { user, system } = process.cpuUsage(before);
    if (told.length > made / 100) throw new Error(`of ${made} probes ${told.length} failed: ${told[0]}`);
    const each = (user + system) / made;
    return [
      {
        name: `${A_SECOND} HTTP probes a second, each of a pod of its own, over ${SECONDS} s`,
        value: `${((each * A_SECOND) / 1e4).toFixed(1)} % of a core`,
        against: 'goal 10 %',
      },
    ];
  } finally {
    for (const prober of probers) prober.stop();
    child.kill();
  }
}

if (process.send) {
  const server = createServer((_, response) => response.end('ok'));
  process.once('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}
