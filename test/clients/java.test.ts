// A program written with fabric8's Java client, which watches by WebSocket. Needs a JDK from 17 on, Maven and, the first
// time, its repository.
import { cpSync } from 'node:fs';
import path from 'node:path';
import { run } from '../../src/exec.ts';
import { testProgram } from './program.ts';

testProgram('fabric8', {
  parts: ['objects', 'watches', 'informers', 'custom', 'apply', 'leader'],
  async build(folder) {
    const cwd = path.join(folder, 'java');
    cpSync(path.join(import.meta.dirname, 'java'), cwd, { recursive: true }); // Maven writes beside the source
    const maven = ['mvn', '--batch-mode', '--quiet'];
    await run([...maven, 'compile'], { cwd });
    return (args) => ({ argv: [...maven, 'exec:java', `-Dexec.args=${args.join(' ')}`], options: { cwd } });
  },
});
