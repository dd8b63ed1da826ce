// An operator written with controller-runtime. Needs Go (version in operator/go.mod) and, the first time, its module proxy.
import path from 'node:path';
import { run } from '../../src/exec.ts';
import { testProgram } from './program.ts';

testProgram('controller-runtime', {
  parts: ['operator', 'dynamic', 'apply'],
  async build(folder) {
    await run(['go', 'build', '-o', folder, '.'], { cwd: path.join(import.meta.dirname, 'operator') });
    return (args) => ({ argv: [path.join(folder, 'operator'), ...args] });
  },
});
