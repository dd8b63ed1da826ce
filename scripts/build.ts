// Makes dist/ (or OUTDIR): the package that `npm install -g ./dist` (or the published one) installs. Plain JavaScript,
// with the types of what package.json exports, the API facts beside it, the same bin/run.js, and the exact versions of package-lock.json as npm-shrinkwrap.json.
//   node scripts/build.ts [OUTDIR]
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const out = path.resolve(process.argv[2] ?? path.join(root, 'dist'));
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const tsc = path.join(root, 'node_modules/.bin/tsc');
for (const project of ['scripts/tsconfig.build.json', 'scripts/tsconfig.client.json']) {
  const compiled = spawnSync(tsc, ['--project', project, '--outDir', out], { cwd: root, stdio: 'inherit' });
  if (compiled.error) {
    console.error(`build: ${tsc} cannot be run (${compiled.error.message}): run npm ci first`);
    process.exit(1);
  }
  if (compiled.status !== 0) process.exit(1);
}

// tsc leaves ".ts" in the imports of declarations, where there is no such file any more.
for (const file of globSync('src/**/*.d.ts', { cwd: out })) {
  const text = readFileSync(path.join(out, file), 'utf8');
  writeFileSync(path.join(out, file), text.replace(/(\sfrom '\.[^']*)\.ts'/g, "$1.js'"));
}

for (const item of ['bin', 'src/api/facts', 'examples', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
  cpSync(path.join(root, item), path.join(out, item), { recursive: true });
}
cpSync(path.join(root, 'package-lock.json'), path.join(out, 'npm-shrinkwrap.json'));
const {
  scripts: _scripts,
  devDependencies: _devDependencies,
  private: _private,
  exports: sources,
  ...rest
} = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string>;
  [field: string]: unknown;
};
const exports = Object.fromEntries(
  Object.entries(sources).map(([name, file]) => [name, file.endsWith('.ts') ? built(file.slice(0, -3)) : file]),
);
writeFileSync(path.join(out, 'package.json'), `${JSON.stringify({ ...rest, exports }, null, 2)}\n`);

/** Types stand first: the first condition that fits is taken. */
function built(module: string): { types: string; default: string } {
  return { types: `${module}.d.ts`, default: `${module}.js` };
}

console.log(`built ${path.relative(process.cwd(), out) || '.'}`);
