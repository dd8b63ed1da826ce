// What a snapshot says of itself: `manifest.json` in its folder, written last. A folder without one is none.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Revision } from '../storage.ts';

export const MANIFEST = 'manifest.json';
export const DATABASE = 'state.db.zst';
/** Of the manifest; a higher one is refused. */
export const FORMAT = 1;

/** By hand, by the schedule, or before something that may go wrong, such as `before-upgrade`. */
export type How = 'manual' | 'schedule' | `before-${string}`;

export interface PackedFile {
  /** In the snapshot's folder. */
  path: string;
  bytes: number;
  sha256: string;
}

export interface Manifest {
  format: number;
  name: string;
  /** RFC 3339. */
  time: string;
  how: How;
  /** Of the program that made it. */
  version: string;
  /** Uid of the cluster's namespace kube-system; null before that existed. */
  cluster: string | null;
  /** The state is that at this revision, without Events and Leases. */
  revision: Revision;
  epoch: number;
  schema: number;
  keys: number;
  /** Of the database, unpacked. */
  databaseBytes: number;
  /** Of the packed database. */
  bytes: number;
  sha256: string;
  /** Keys and certificates that the cluster cannot do without. */
  files: PackedFile[];
}

/** A folder that is no snapshot that could be used; the message says which and why. */
export class BadSnapshot extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = 'BadSnapshot';
  }
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Throws with a sentence when `name` cannot be a snapshot's. */
export function assertName(name: string): void {
  if (!NAME.test(name)) {
    throw new BadSnapshot(
      `${JSON.stringify(name)} cannot be a snapshot's name: take up to 100 letters, digits, ".", "_" and "-", beginning with a letter or a digit`,
    );
  }
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isDigest = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

const FIELDS: { readonly [Field in keyof Manifest]: (value: unknown) => boolean } = {
  format: isCount,
  name: (value) => typeof value === 'string' && NAME.test(value),
  time: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  how: (value) => typeof value === 'string' && /^(manual|schedule|before-.+)$/.test(value),
  version: isText,
  cluster: (value) => value === null || isText(value),
  revision: isCount,
  epoch: isCount,
  schema: isCount,
  keys: isCount,
  databaseBytes: isCount,
  bytes: isCount,
  sha256: isDigest,
  files: (value) => Array.isArray(value) && value.every(isPackedFile),
};

/** Paths stay inside the snapshot: `pki/ca.crt`, never `../x`. */
function isPackedFile(value: unknown): boolean {
  const file = value as Partial<PackedFile> | null;
  return (
    typeof file === 'object' &&
    /^[\w-]+(\/[\w.-]*\w)?$/.test(file?.path ?? '') &&
    !file?.path?.includes('..') &&
    isCount(file?.bytes) &&
    isDigest(file?.sha256)
  );
}

/** Reads the manifest in `folder`; throws BadSnapshot. */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = path.join(folder, MANIFEST);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const problem = existsSync(folder)
        ? `${folder} is no complete snapshot: it has no ${MANIFEST}`
        : `there is no snapshot ${folder}`;
      throw new BadSnapshot(problem, cause);
    }
    throw new BadSnapshot(`${file} cannot be read: ${message}`, cause);
  }
  return parseManifest(text, file);
}

/** `file` is where it was found, for messages. */
export function parseManifest(text: string, file: string): Manifest {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new BadSnapshot(`${file} is damaged: it is no JSON`, cause);
  }
  if (typeof value !== 'object' || value === null) throw new BadSnapshot(`${file} is damaged: it is no manifest`);
  // Before the fields, which a later format may have changed.
  if (isCount(value.format) && (value.format as number) > FORMAT) {
    throw new BadSnapshot(
      `${file} was made by a newer version (format ${value.format}, this one knows ${FORMAT}); use that version`,
    );
  }
  const wrong = Object.entries(FIELDS).find(([field, fits]) => !fits(value[field]));
  if (wrong) throw new BadSnapshot(`${file} is damaged: its ${wrong[0]} is ${JSON.stringify(value[wrong[0]])}`);
  return value as unknown as Manifest;
}
