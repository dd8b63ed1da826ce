#!/usr/bin/env node
// Entry of the command line: oclif with the commands of src/commands, as source in a clone, as JavaScript in the package.
import { enableCompileCache } from 'node:module';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';

if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(`tsukube needs Node 24 or newer; this is ${process.version}. From a clone, run sudo ./scripts/up.`);
  process.exit(1);
}
try {
  // Not Node's default in the shared temporary folder, where anybody may put code that root would then run.
  enableCompileCache(join(userInfo().homedir, '.cache/tsukube'));
} catch {
  // A user whom no passwd entry names: everything works, and starts slower.
}
// What the set-up put into a clone (nerdctl) is found as it is by scripts/up; a package has no such folder.
process.env.PATH = [process.env.PATH, join(import.meta.dirname, '../.tools/bin')].filter(Boolean).join(delimiter);
// Parts of @oclif/core: its entry loads all there is, which every start would wait for.
const { settings } = await import('@oclif/core/settings');
const { execute } = await import('@oclif/core/execute');
settings.enableAutoTranspile = false; // Node runs the TypeScript source as it is
await execute({ dir: import.meta.url });
