#!/usr/bin/env node
// Entry of the command line: oclif with the commands of src/commands, as source in a clone, as JavaScript in the package.
import { enableCompileCache } from 'node:module';

if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(`tsukube needs Node 24 or newer; this is ${process.version}. From a clone, run sudo ./scripts/up.`);
  process.exit(1);
}
enableCompileCache();
// Parts of @oclif/core: its entry loads all there is, which every start would wait for.
const { settings } = await import('@oclif/core/settings');
const { execute } = await import('@oclif/core/execute');
settings.enableAutoTranspile = false; // Node runs the TypeScript source as it is
await execute({ dir: import.meta.url });
