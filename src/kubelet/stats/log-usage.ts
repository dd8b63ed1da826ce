// What a container's log takes, with the files it was rotated into beside it.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ifMissing } from '../../missing-file.ts';
import type { FolderUsage } from './disk-usage.ts';

export async function logUsage(logPath: string): Promise<FolderUsage> {
  const folder = path.dirname(logPath);
  const name = path.basename(logPath);
  const names = await readdir(folder).catch(ifMissing([])); // not made yet, or gone with its container
  const own = names.filter((one) => one === name || one.startsWith(`${name}.`));
  const sizes = await Promise.all(
    own.map((one) =>
      stat(path.join(folder, one)).then(
        ({ size }) => size,
        ifMissing(0), // rotated away meanwhile
      ),
    ),
  );
  return { usedBytes: sizes.reduce((sum, size) => sum + size, 0), inodesUsed: own.length };
}
