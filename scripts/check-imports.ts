// The layers of src/ as data: a folder imports only what its row names. Fails on any other edge, on an import
// cycle between files, and on a package used outside its folder. docs/architecture.md explains the rows.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const SINGLE = [
  'log',
  'clock',
  'metrics',
  'exec',
  'small-programs',
  'lifecycle',
  'memory',
  'lazily',
  'missing-file',
  'constants',
];
const MACHINERY = ['apimachinery', ...SINGLE];
const CONSUMER = ['client', 'api', ...MACHINERY];

/** Folder or single file → what it may import from src/, besides itself. */
const ALLOWED: Record<string, readonly string[]> = {
  ...Object.fromEntries(SINGLE.map((name) => [name, []])),
  memory: ['clock', 'lifecycle'],
  'small-programs': ['exec'],
  pki: SINGLE,
  apimachinery: SINGLE,
  grpc: MACHINERY,
  cel: MACHINERY,
  api: ['cel', ...MACHINERY],
  storage: [...MACHINERY, 'migrations'],
  client: ['api', ...MACHINERY],
  apiserver: ['storage', 'client', 'cel', 'api', 'pki', ...MACHINERY],
  controllers: CONSUMER,
  scheduler: CONSUMER,
  kubelet: [...CONSUMER, 'grpc', 'pki', 'network'],
  proxy: CONSUMER,
  network: CONSUMER,
  dns: CONSUMER,
  addons: CONSUMER,
  history: CONSUMER,
  daemon: ['*'],
  commands: ['daemon', 'history', 'client', 'pki', ...SINGLE],
};

/** Packages that only these places may import. */
const PACKAGES: Record<string, readonly string[]> = {
  'better-sqlite3': ['storage/sqlite', 'migrations'],
  kysely: ['storage/sqlite', 'migrations'],
  execa: ['exec'],
  koa: ['kubelet'],
  ws: ['apiserver', 'kubelet', 'client'],
  '@oclif/core': ['commands'],
  diff: ['history'],
  pino: ['log'],
  'prom-client': ['metrics'],
};

const root = path.join(import.meta.dirname, '..');
const files = globSync(['src/**/*.ts', 'migrations/**/*.ts'], { cwd: root }).filter(
  (f) => !f.startsWith('src/api/types/'),
);
const IMPORT =
  /^(?:import|export)\s(?<type>type\s)?[^'"]*?from\s+'(?<from>[^']+)'|^import\s+'(?<bare>[^']+)'|\bimport\('(?<dynamic>[^']+)'\)/gm;

interface Edge {
  from: string;
  to: string;
  typeOnly: boolean;
}

function importsOf(file: string): Edge[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((m) => ({
    from: file,
    to: (m.groups?.from ?? m.groups?.bare ?? m.groups?.dynamic) as string,
    typeOnly: m.groups?.type !== undefined,
  }));
}

/** 'src/client/x.ts' → 'client', 'src/log.ts' → 'log', 'migrations/x.ts' → 'migrations' */
function room(file: string): string {
  const parts = file.split('/');
  if (parts[0] === 'migrations') return 'migrations';
  return parts.length > 2 ? (parts[1] as string) : path.basename(file, '.ts');
}

const problems: string[] = [];
const graph = new Map<string, string[]>();
for (const file of files) {
  const targets: string[] = [];
  for (const edge of importsOf(file)) {
    if (edge.to.startsWith('.')) {
      const target = path.normalize(path.join(path.dirname(file), edge.to));
      if (!edge.typeOnly) targets.push(target);
      const [from, to] = [room(file), room(target)];
      const allowed = ALLOWED[from] ?? (from === 'migrations' ? [] : undefined);
      if (!allowed) problems.push(`${file}: folder "${from}" has no row in scripts/check-imports.ts`);
      else if (from !== to && !allowed.includes('*') && !allowed.includes(to)) {
        problems.push(`${file}: ${from} may not import ${to} (${edge.to})`);
      }
    } else {
      const name = edge.to
        .split('/')
        .slice(0, edge.to.startsWith('@') ? 2 : 1)
        .join('/');
      const places = PACKAGES[name];
      const here = file.replace(/^src\//, '');
      if (places && !places.some((p) => here === `${p}.ts` || here.startsWith(`${p}/`))) {
        problems.push(`${file}: the package ${name} belongs to ${places.join(', ')}`);
      }
    }
  }
  graph.set(file, targets);
}

const state = new Map<string, 'open' | 'done'>();
function visit(file: string, trail: readonly string[]): void {
  if (state.get(file) === 'done') return;
  if (state.get(file) === 'open') {
    problems.push(`import cycle: ${[...trail.slice(trail.indexOf(file)), file].join(' → ')}`);
    return;
  }
  state.set(file, 'open');
  for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
  state.set(file, 'done');
}
for (const file of files) visit(file, []);

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`imports: ${files.length} files, no forbidden edge, no cycle`);
