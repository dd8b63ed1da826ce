// A program written with the official Python client. Needs Python 3 and, the first time, its package index.
import path from 'node:path';
import { run } from '../../src/exec.ts';
import { testProgram } from './program.ts';

const source = path.join(import.meta.dirname, 'python');

testProgram('the Python client', {
  parts: ['objects', 'pages', 'watches', 'custom', 'apply'],
  async build(folder) {
    const python = path.join(folder, 'venv/bin/python');
    await run(['python3', '-m', 'venv', path.join(folder, 'venv')]);
    await run([python, '-m', 'pip', 'install', '--quiet', '-r', path.join(source, 'requirements.txt')]);
    return (args) => ({ argv: [python, path.join(source, 'client.py'), ...args] });
  },
});
