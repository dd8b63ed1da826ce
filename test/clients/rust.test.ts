// A program written with kube-rs. Needs Cargo and, the first time, its registry; compiling takes minutes.
import path from 'node:path';
import { run } from '../../src/exec.ts';
import { testProgram } from './program.ts';

testProgram('kube-rs', {
  parts: ['objects', 'reflectors', 'custom', 'controller', 'apply'],
  async build(folder) {
    /** CARGO_TARGET_DIR keeps what was compiled for the next time. */
    const target = process.env.CARGO_TARGET_DIR ?? path.join(folder, 'target');
    const manifest = path.join(import.meta.dirname, 'rust/Cargo.toml');
    await run(['cargo', 'build', '--quiet', '--locked', '--manifest-path', manifest, '--target-dir', target]);
    return (args) => ({ argv: [path.join(target, 'debug/client'), ...args] });
  },
});
