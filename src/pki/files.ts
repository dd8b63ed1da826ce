// Secret files: written whole or not at all, readable by their owner only.
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** Writes `file` through a temporary one beside it, so that a reader sees the old content or the new. */
export async function writeSecretFile(
  file: string,
  content: string,
  owner?: { uid: number; gid: number },
): Promise<void> {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(4).toString('hex')}`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (owner) await chown(temporary, owner.uid, owner.gid);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes `dir` (0700) when it is missing; an existing one that others can enter is closed to them. */
export async function ensureSecretDir(dir: string, owner?: { uid: number; gid: number }): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const { mode } = await stat(dir);
  if ((mode & 0o077) !== 0) await chmod(dir, 0o700);
  if (owner) await chown(dir, owner.uid, owner.gid);
}
