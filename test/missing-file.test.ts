import { deepEqual, equal, rejects } from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { ifMissing, isMissingFile } from '../src/missing-file.ts';

test('only what is not there is replaced; every other failure is told', async () => {
  const none = path.join(import.meta.dirname, 'no such file');
  equal(await readFile(none, 'utf8').catch(ifMissing('')), '');
  deepEqual(await readdir(none).catch(ifMissing([])), []);
  await rejects(readFile(import.meta.dirname).catch(ifMissing('')), { code: 'EISDIR' });
  equal(isMissingFile(undefined), false);
});
