// What a snapshot costs those who write meanwhile, as JSON lines `{"name", "value", "unit"}`. A store of so many MB;
// one writer of 1 KiB at an even pace, for as long without a snapshot as with one:
// node test/bench/snapshot.ts [MB, default 500]
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sleep, systemClock } from '../../src/clock.ts';
import { silentLogger } from '../../src/log.ts';
import { openStorage } from '../../src/storage/open.ts';
import type { SnapshotProgress } from '../../src/storage/snapshots/progress.ts';
import { restoreSnapshot } from '../../src/storage/snapshots/restore.ts';
import { saveSnapshot } from '../../src/storage/snapshots/save.ts';
import { verifySnapshot } from '../../src/storage/snapshots/verify.ts';
import type { Storage } from '../../src/storage/storage.ts';

const megabytes = Number(process.argv[2] ?? 500);
const OBJECT_BYTES = 5_000;
const PACE_MS = 5;

const print = (name: string, value: number, unit: string) =>
  process.stdout.write(`${JSON.stringify({ name: `snapshot/${name}`, value: Number(value.toFixed(2)), unit })}\n`);

/** Half of it is hard to compress, as keys and certificates are. */
const object = (name: string, bytes: number) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: {
    text: 'x'.repeat(bytes / 2),
    noise: Buffer.from(crypto.getRandomValues(new Uint8Array(bytes * 0.375))).toString('base64'),
  },
});

async function fill(storage: Storage, count: number): Promise<void> {
  let next = 0;
  const write = async () => {
    for (let i = next++; i < count; i = next++) {
      const name = `c${i}`;
      await storage.write({ op: 'create', key: `/core/configmaps/d/${name}`, object: object(name, OBJECT_BYTES) });
    }
  };
  await Promise.all(Array.from({ length: 128 }, write));
}

/** Latencies of writes until `work` is through, each with the step it fell into. */
async function writesDuring(
  storage: Storage,
  prefix: string,
  work: (at: { step: string }) => Promise<unknown>,
): Promise<{ step: string; ms: number }[]> {
  const latencies: { step: string; ms: number }[] = [];
  const at = { step: '' };
  let going = true;
  const writing = (async () => {
    for (let i = 0; going; i++) {
      const name = `${prefix}${i}`;
      const content = object(name, 1_000);
      const { step } = at;
      const begin = performance.now();
      await storage.write({ op: 'create', key: `/core/configmaps/w/${name}`, object: content });
      latencies.push({ step, ms: performance.now() - begin });
      await sleep(systemClock, PACE_MS);
    }
  })();
  await work(at).finally(() => {
    going = false;
  });
  await writing;
  return latencies;
}

function tell(name: string, latencies: readonly { ms: number }[]): number {
  const sorted = latencies.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (p: number) => sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? 0;
  for (const p of [50, 99, 100]) print(`write, ${name}, ${p === 100 ? 'longest' : `p${p}`}`, at(p), 'ms');
  print(`write, ${name}, count`, sorted.length, '');
  return at(99);
}

const directory = await mkdtemp(path.join(tmpdir(), 'bench-snapshot-'));
const stateFile = path.join(directory, 'state.db');
const into = path.join(directory, 'snapshots');
const options = { clock: systemClock, log: silentLogger };
try {
  const storage = await openStorage(`sqlite:${stateFile}`, options);
  await fill(storage, Math.round((megabytes * 1e6) / OBJECT_BYTES));
  await sleep(systemClock, 2_000);
  print('database', (await storage.stats()).bytes / 1e6, 'MB');

  /** When each began. */
  const steps = new Map<string, number>();
  const begin = performance.now();
  let folder = '';
  const during = await writesDuring(storage, 'during', async (at) => {
    const follow = ({ step }: SnapshotProgress) => {
      at.step = step;
      if (!steps.has(step)) steps.set(step, performance.now());
    };
    const saved = await saveSnapshot({
      into,
      name: 'a',
      how: 'manual',
      version: '0',
      time: Date.now(),
      databaseBytes: 0,
      copy: (to, onProgress) => storage.backup(to, onProgress),
      files: new Map(),
      tell: follow,
    });
    folder = saved.folder;
    print('packed', saved.manifest.bytes / 1e6, 'MB');
  });
  const took = performance.now() - begin;
  const ends = [...steps.values(), begin + took].slice(1);
  for (const [i, [step, from]] of [...steps].entries()) print(`save, ${step}`, (ends[i] as number) - from, 'ms');
  print('save', took, 'ms');
  const without = await writesDuring(storage, 'without', () => sleep(systemClock, took));
  const plain = tell('no snapshot', without);
  const p99 = tell('during a snapshot', during);
  for (const step of steps.keys()) {
    tell(
      `while ${step}`,
      during.filter((latency) => latency.step === step),
    );
  }
  print('p99 during a snapshot to p99 without', p99 / plain, '');
  await storage.close();

  const verifying = performance.now();
  await verifySnapshot(folder, { scratch: directory });
  print('verify', performance.now() - verifying, 'ms');
  const restoring = performance.now();
  await restoreSnapshot({
    folder,
    stateFile,
    dataDir: directory,
    snapshots: into,
    otherCluster: false,
    now: Date.now(),
    tell: () => undefined,
  });
  print('restore', performance.now() - restoring, 'ms');
  print('restored database', (await stat(stateFile)).size / 1e6, 'MB');
} finally {
  await rm(directory, { recursive: true });
}
