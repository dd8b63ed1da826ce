import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { makeFolders } from '../../src/daemon/folders.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'folders-'));
after(() => rmSync(folder, { recursive: true }));
const at = (...parts: string[]) => path.join(folder, ...parts);
const modeOf = (name: string) => statSync(name).mode & 0o777;

test('folders of a server are made for their owner alone; what is there keeps its mode', () => {
  mkdirSync(at('kept'), { mode: 0o755 });
  makeFolders({ 'data-dir': at('a/b/data'), 'run-dir': at('kept'), components: ['apiserver'] });
  makeFolders({ 'data-dir': at('a/b/data'), 'run-dir': at('run'), components: ['kubelet'] });
  assert.deepEqual([at('a'), at('a/b/data'), at('kept'), at('run')].map(modeOf), [0o700, 0o700, 0o755, 0o711]);
});

test('a folder that cannot be made is refused with its setting and the reason', () => {
  writeFileSync(at('file'), '');
  const refused = (dataDir: string, runDir: string) => {
    try {
      makeFolders({ 'data-dir': dataDir, 'run-dir': runDir, components: [] });
    } catch (error) {
      return (error as Error).message.replaceAll(folder, '');
    }
    return 'made';
  };
  assert.deepEqual(
    [refused(at('file'), at('run')), refused(at('data'), at('file/run')), refused('/proc/none/data', at('run'))],
    [
      '--data-dir: /file cannot be made: there is a file of that name; choose another',
      '--run-dir: /file/run cannot be made: a part of its path is no folder; choose another',
      '--data-dir: /proc/none/data cannot be made: that file system takes no folders; choose another',
    ],
  );
});
