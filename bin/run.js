#!/usr/bin/env node
// Entry of the command line: oclif with the commands of src/commands, as source in a clone, as JavaScript in the package.
import { enableCompileCache } from 'node:module';
import { constants, userInfo } from 'node:os';
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
// Who has read enough (`| head`) ends a command, as SIGPIPE would. A server goes on; once nothing is left to do it ends,
// though oclif waits for what it printed to be taken.
process.stdout.on('error', ({ code }) => {
  if (code !== 'EPIPE') return; // oclif throws it
  if (process.argv[2] === 'server') process.once('beforeExit', () => process.exit());
  else process.exit(128 + constants.signals.SIGPIPE);
});
// Parts of @oclif/core: its entry loads all there is, which every start would wait for.
const { settings } = await import('@oclif/core/settings');
const { execute } = await import('@oclif/core/execute');
settings.enableAutoTranspile = false; // Node runs the TypeScript source as it is
await execute({ dir: import.meta.url });
