// Where a database may lie: not on a file system whose locks or write-ahead log another machine could break.
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import { UnusableDatabase } from './errors.ts';

/** Numbers of statfs(2). SQLite: "WAL does not work over a network filesystem" (sqlite.org/wal.html); k3s-io/k3s#5985. */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x517b, 'SMB'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'CephFS'],
  [0x01021997, '9P'],
  [0x0bd00bd0, 'Lustre'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
]);

/** Their locks work on one machine; what they hold may be gone sooner than expected. */
const FLEETING: ReadonlyMap<number, string> = new Map([
  [0x794c7630, 'an overlay, which goes away with its container: mount a volume there'],
  [0x01021994, 'a tmpfs, which a reboot empties'],
  [0x858458f6, 'a ramfs, which a reboot empties'],
]);

/** As statfs(2) gives it for `folder`; 32 bits without sign. */
export type TypeOf = (folder: string) => number;

const statfsType: TypeOf = (folder) => statfsSync(folder).type >>> 0;

/** Throws when a database at `file` could not be kept safe or not be written; returns what the user should know. */
export function assertSuitable(file: string, typeOf: TypeOf = statfsType): string[] {
  const folder = path.dirname(file);
  const type = typeOf(folder);
  const network = NETWORK.get(type);
  if (network) {
    throw new UnusableDatabase(
      `${folder} is on a network file system (${network}), where a database gets damaged; choose a --data-dir on a disk of this machine`,
    );
  }
  for (const place of [folder, file, `${file}-wal`]) assertWritable(place);
  const fleeting = FLEETING.get(type);
  return fleeting ? [`${folder} is on ${fleeting}`] : [];
}

function assertWritable(place: string): void {
  if (!existsSync(place)) return;
  try {
    accessSync(place, constants.R_OK | constants.W_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EROFS') {
      throw new UnusableDatabase(
        `${place} is on a file system that is mounted read-only: mount it for writing, or choose another --data-dir`,
        cause,
      );
    }
    const { uid, mode } = statSync(place);
    throw new UnusableDatabase(
      `${place} cannot be written by this user (it belongs to user ${uid}, mode ${(mode & 0o777).toString(8)}): run as its owner or with sudo, or choose another --data-dir`,
      cause,
    );
  }
}
