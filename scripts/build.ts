// Makes dist/ (or OUTDIR): the package that `npm install -g ./dist` (or the published one) installs. Plain JavaScript,
// the API facts beside it, the same bin/run.js, and the exact versions of package-lock.json as npm-shrinkwrap.json.
//   node scripts/build.ts [OUTDIR]
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const out = path.resolve(process.argv[2] ?? path.join(root, 'dist'));
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const tsc = path.join(root, 'node_modules/.bin/tsc');
const compiled = spawnSync(tsc, ['--project', 'scripts/tsconfig.build.json', '--outDir', out], {
  cwd: root,
  stdio: 'inherit',
});
if (compiled.error) {
  console.error(`build: ${tsc} cannot be run (${compiled.error.message}): run npm ci first`);
  process.exit(1);
}
if (compiled.status !== 0) process.exit(1);

for (const item of ['bin', 'src/api/facts', 'examples', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
  cpSync(path.join(root, item), path.join(out, item), { recursive: true });
}
cpSync(path.join(root, 'package-lock.json'), path.join(out, 'npm-shrinkwrap.json'));
const {
  scripts: _scripts,
  devDependencies: _devDependencies,
  private: _private,
  ...rest
} = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
writeFileSync(path.join(out, 'package.json'), `${JSON.stringify(rest, null, 2)}\n`);
console.log(`built ${path.relative(process.cwd(), out) || '.'}`);
