// Makes dist/: the package that `npm install -g ./dist` (or the published one) installs. Plain JavaScript,
// the API facts beside it, the same bin/run.js.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);

const tsc = spawnSync('npx', ['--no-install', 'tsc', '--project', 'scripts/tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (tsc.status !== 0) process.exit(1);

for (const item of ['bin', 'src/api/facts', 'examples', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
  if (existsSync(path.join(root, item))) cpSync(path.join(root, item), path.join(dist, item), { recursive: true });
}
const {
  scripts: _scripts,
  devDependencies: _dev,
  files: _files,
  ...rest
} = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
writeFileSync(path.join(dist, 'package.json'), `${JSON.stringify(rest, null, 2)}\n`);
console.log(`built ${path.relative(process.cwd(), dist) || '.'}`);
