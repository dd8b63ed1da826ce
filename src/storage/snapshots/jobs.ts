// The long parts of making and reading a snapshot. They run on a thread of their own (thread.ts).
import { open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type CopyFacts, examine, prepare, strip } from '../sqlite/copies.ts';
import { UnusableDatabase } from '../sqlite/errors.ts';
import { BrokenArchive, type Packed, pack, unpack } from './archive.ts';
import { BadSnapshot, DATABASE, type Manifest } from './manifest.ts';
import { type OnProgress, percents } from './progress.ts';

export interface Jobs {
  /** Turns `copy`, which is used up, into the packed database of the snapshot in `folder`. */
  pack: { argument: { copy: string; folder: string }; answer: PackedDatabase };
  /** Puts the database of the snapshot in `folder` into the new file `to`, and finds nothing wrong with it. */
  unpack: { argument: { folder: string; manifest: Manifest; to: string }; answer: CopyFacts };
  /** See sqlite/copies.ts; the file is on disk afterwards. */
  prepare: { argument: { file: string; epoch: number; revision: number }; answer: undefined };
}

export interface PackedDatabase {
  facts: CopyFacts;
  packed: Packed;
  databaseBytes: number;
}

export const JOBS: { [N in keyof Jobs]: (a: Jobs[N]['argument'], tell: OnProgress) => Promise<Jobs[N]['answer']> } = {
  async pack({ copy, folder }, tell) {
    tell({ step: 'leaving out history', percent: 0 });
    strip(copy);
    tell({ step: 'checking', percent: 0 });
    const facts = examine(copy);
    const { size } = await stat(copy);
    const packed = await pack(copy, path.join(folder, DATABASE), percents('packing', tell));
    await rm(copy);
    return { facts, packed, databaseBytes: size };
  },

  async unpack({ folder, manifest, to }, tell) {
    const archive = path.join(folder, DATABASE);
    try {
      await unpack(archive, to, { expected: manifest, onProgress: percents('unpacking', tell) });
      tell({ step: 'checking', percent: 0 });
      const facts = examine(to);
      assertAgrees(manifest, facts, folder);
      return facts;
    } catch (error) {
      if (error instanceof BrokenArchive || error instanceof UnusableDatabase) {
        throw new BadSnapshot(`the snapshot ${manifest.name} cannot be used: ${error.message}`, error);
      }
      throw error;
    }
  },

  async prepare({ file, ...next }) {
    prepare(file, next);
    const handle = await open(file, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

function assertAgrees(manifest: Manifest, facts: CopyFacts, folder: string): void {
  const told = { ...facts, cluster: facts.cluster ?? null };
  for (const field of ['schema', 'revision', 'epoch', 'cluster', 'keys'] as const) {
    if (manifest[field] === told[field]) continue;
    throw new BadSnapshot(
      `the snapshot in ${folder} cannot be used: its manifest says ${field} ${manifest[field]}, its database ${told[field]}`,
    );
  }
}
