// A program in another language, run against an API server of this process: it prints a word for each part that held.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { systemClock } from '../../src/clock.ts';
import { type RunOptions, run } from '../../src/exec.ts';
import { startTestServer } from '../support/server.ts';

const TOKEN = 'secret';

export interface Program {
  /** The words, in order. */
  parts: readonly string[];
  /** Makes it ready in an empty folder; what it answers runs it, given the server's URL, its CA file and a token. */
  build(folder: string): Promise<(args: [url: string, ca: string, token: string]) => Launch>;
}

export interface Launch {
  argv: readonly string[];
  options?: RunOptions;
}

export function testProgram(name: string, { parts, build }: Program): void {
  test(`${name}: ${parts.join(', ')}`, async (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'clients-'));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const launch = await build(folder);
    const api = await startTestServer({ clock: systemClock, port: 0, staticToken: TOKEN });
    context.after(() => api.stop());
    const ca = path.join(folder, 'ca.crt');
    writeFileSync(ca, api.ca);
    const { argv, options } = launch([api.server.url, ca, TOKEN]);
    const { stdout } = await run(argv, options);
    // Maven resets the colour of a terminal that is none.
    assert.deepEqual(stripVTControlCharacters(stdout).trim().split('\n'), parts);
  });
}
