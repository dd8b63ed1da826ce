// What is kept in the file that waits for no disk, and what can be read after it lost something.
import type { Floor } from '../floors.ts';
import { VOLATILE_PREFIXES } from '../keys.ts';
import type { Revision } from '../storage.ts';

export const isVolatile = (key: string): boolean => VOLATILE_PREFIXES.some((prefix) => key.startsWith(prefix));

/**
 * A commit writes whole pages, and the one that an idle cluster makes every 10 s, of a Lease, is small. Of one of 650 bytes
 * the WAL takes 89 MB a day with pages of 4096 bytes, 47 MB with 1024 (a page for each row, and the ones above it), 25 MB so.
 * Events, 20,000 at a time, take a fifth longer. Without an index file of the WAL the kernel counts half of what it counted.
 */
export const VOLATILE_FILE = { durable: false, pageBytes: 512, exclusive: true };

/** What applies of the floors in the files: the highest of a name, and none before `begin`. */
export function floorsOf(
  stored: readonly Floor[],
  { begin, lostVolatileUpTo }: { begin: Revision; lostVolatileUpTo: Revision },
) {
  const floors = new Map<string, Floor>();
  const raise = (floor: Floor) => {
    if (floor.revision >= (floors.get(floor.prefix)?.revision ?? 0)) floors.set(floor.prefix, floor);
  };
  for (const floor of stored) raise(floor);
  for (const prefix of ['/', ...floors.keys()]) raise({ prefix, revision: begin });
  const common = floors.get('/')?.revision ?? 0;
  if (lostVolatileUpTo > common) for (const prefix of VOLATILE_PREFIXES) raise({ prefix, revision: lostVolatileUpTo });
  return [...floors.values()];
}
