// Measures what users feel (start, pods, idle cost, requests a second, storage), prints a table and puts it into
// docs/benchmarks.md. Everything runs in folders and on ports of its own and is removed afterwards.
//   npm run bench -- [PART …] [--idle-seconds=120] [--idle-pods=10] [--port=7943] [--no-record]
// Parts: start, pods (pods.cri: over the CRI alone), idle, logs, probes, api, machinery, store, or one section of the store as
// store.asof (test/bench/store.ts has the list).
import { loadavg } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { run } from '../src/exec.ts';
import { benchApi } from './bench/api.ts';
import { benchLogs, LOG_SETTINGS } from './bench/logs.ts';
import { benchMachinery } from './bench/machinery.ts';
import { benchIdle, benchPods } from './bench/pods.ts';
import { benchProbes } from './bench/probes.ts';
import { median, ms, type Row, record, render } from './bench/report.ts';
import { type BenchServer, createBenchServer, fitComponents } from './bench/server.ts';
import { writeTestImages } from './test-images.ts';

const root = path.join(import.meta.dirname, '..');
const PARTS = ['start', 'pods', 'idle', 'logs', 'probes', 'api', 'machinery', 'store'] as const;
const STORE_SECTIONS = ['writes', 'watch', 'list', 'start', 'housekeeping', 'asof', 'memory'] as const;
const FIRST_STARTS = 3;
const LATER_STARTS = 5;

const { values: flags, positionals } = parseArgs({
  options: {
    'idle-seconds': { type: 'string', default: '120' },
    'idle-pods': { type: 'string', default: '10' },
    port: { type: 'string', default: '7943' },
    record: { type: 'boolean', default: true },
  },
  allowNegative: true,
  allowPositionals: true,
});
const port = Number(flags.port);
const known: readonly string[] = [...PARTS, 'pods.cri', ...STORE_SECTIONS.map((name) => `store.${name}`)];
const parts: readonly string[] = positionals.length > 0 ? positionals : PARTS;
const wrong = parts.find((name) => !known.includes(name));
if (wrong !== undefined) {
  console.error(`bench: there is no part "${wrong}"; there are ${known.join(', ')}`);
  process.exit(2);
}

const rows: Row[] = [];
const remarks: string[] = [];
const say = (line: string) => console.log(line);
const remark = (line: string) => {
  remarks.push(line);
  say(line);
};

async function withServer<T>(
  components: readonly string[],
  work: (server: BenchServer) => Promise<T>,
  settings: Readonly<Record<string, string>> = {},
): Promise<T> {
  const server = createBenchServer({ port, components, settings });
  try {
    return await work(server);
  } finally {
    await server.remove();
  }
}

async function measureStarts(components: readonly string[]): Promise<Row[]> {
  const first: number[] = [];
  const later: number[] = [];
  for (let i = 0; i < FIRST_STARTS; i += 1) {
    await withServer(components, async (server) => {
      first.push(await server.start());
      await server.started();
      await server.stop();
      if (i > 0) return;
      for (let j = 0; j < LATER_STARTS; j += 1) {
        later.push(await server.start());
        await server.started();
        await server.stop();
      }
    });
  }
  return [
    { name: 'first start, from spawn to a 200 of /readyz', value: ms(median(first)), against: 'goal 1.5 s' },
    { name: 'later start, from spawn to a 200 of /readyz', value: ms(median(later)), against: 'goal 600 ms' },
  ];
}

/** In a process of its own, so that one section's garbage does not slow down the next. */
async function measureStore(section: string): Promise<Row[]> {
  const { stdout } = await run([process.execPath, '--expose-gc', path.join(root, 'test/bench/store.ts'), section]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
}

async function part(name: string, measure: () => Promise<Row[]>): Promise<void> {
  if (!parts.includes(name) && !parts.includes(name.split('.')[0] as string)) return;
  say(`${name} …`);
  for (const row of await measure()) {
    rows.push(row);
    say(`  ${row.name.padEnd(60)} ${row.value}${row.against ? `  (${row.against})` : ''}`);
  }
}

async function main(): Promise<void> {
  const [busy = 0] = loadavg();
  if (busy > 0.3) remark(`the machine was doing other work: load average ${busy.toFixed(1)} before the run`);
  const components = await fitComponents(remark);
  const pods = components.includes('kubelet');
  await part('start', () => measureStarts(components));
  if (parts.some((name) => ['pods', 'idle', 'api'].includes(name))) {
    await withServer(components, async (server) => {
      if (pods) writeTestImages(path.join(server.dataDir, 'images'));
      await server.start();
      await server.started();
      if (pods) {
        await part('pods', () => benchPods(server, 'nerdctl', say));
        const idle = { seconds: Number(flags['idle-seconds']), count: Number(flags['idle-pods']) };
        await part('idle', () => benchIdle(server, idle));
      }
      await part('api', () => benchApi(server));
    });
  }
  if (pods && ['pods', 'pods.cri'].some((name) => parts.includes(name))) {
    await withServer(
      components,
      async (server) => {
        writeTestImages(path.join(server.dataDir, 'images'));
        await server.start();
        await server.started();
        await part('pods.cri', () => benchPods(server, 'cri', say));
      },
      { 'container-runtime': 'cri' },
    );
  }
  if (pods && parts.includes('logs')) {
    await withServer(
      components,
      async (server) => {
        writeTestImages(path.join(server.dataDir, 'images'));
        await server.start();
        await server.started();
        await part('logs', () => benchLogs(server));
      },
      LOG_SETTINGS,
    );
  }
  await part('probes', benchProbes);
  await part('machinery', () =>
    withServer(['apiserver', 'controllers', 'scheduler'], async (server) => {
      await server.start();
      await server.started();
      return await benchMachinery(server);
    }),
  );
  for (const section of STORE_SECTIONS) await part(`store.${section}`, () => measureStore(section));
  const [after = 0] = loadavg();
  if (after > 3) remark(`load average ${after.toFixed(1)} at its end; the run alone makes 1 to 2`);
  if (!flags.record) return;
  const date = `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const file = path.join(root, 'docs/benchmarks.md');
  record(file, render(rows, { date, remarks }));
  say(`written to ${path.relative(process.cwd(), file)}`);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exit(1);
}
