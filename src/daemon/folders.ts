// The folders that a server keeps its things in: made for their owner alone, or refused in a sentence that names the
// setting. It comes before anything else that writes there.
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { isMissingFile } from '../missing-file.ts';
import { type Config, ConfigError } from './options.ts';

/** Throws ConfigError. What is there stays as it is, its mode too. */
export function makeFolders(config: Pick<Config, 'data-dir' | 'run-dir' | 'components'>): void {
  make('data-dir', config, 0o700);
  // Pods whose users are not root's reach what is mounted from below it.
  make('run-dir', config, config.components.includes('kubelet') ? 0o711 : 0o700);
}

function make<Name extends 'data-dir' | 'run-dir'>(name: Name, config: Record<Name, string>, mode: number): void {
  try {
    makeFolder(path.resolve(config[name]), mode);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new ConfigError(`--${name}: ${config[name]} cannot be made: ${REASONS[code] ?? message}; choose another`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'there is a file of that name',
  ENOENT: 'that file system takes no folders',
  ENOTDIR: 'a part of its path is no folder',
  EROFS: 'that file system is read-only',
};

/** A step at a time: Node's own way does not end where a folder is there and nothing can be made in it, as in /proc. */
function makeFolder(folder: string, mode: number): void {
  if (isFolder(folder)) return;
  makeFolder(path.dirname(folder), mode);
  mkdirSync(folder, { mode });
}

function isFolder(name: string): boolean {
  try {
    return statSync(name).isDirectory();
  } catch (error) {
    if (isMissingFile(error)) return false;
    throw error;
  }
}
