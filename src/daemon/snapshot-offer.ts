// A start that was refused because the database is damaged says which snapshot could be restored.
import { lastGoodSnapshot } from '../storage/snapshots/verify.ts';
import type { Config } from './options.ts';
import { placesOf } from './snapshot-places.ts';

/** Of the sentences with which a store refuses to open, those that a restore would help with. */
const DAMAGED = /\bdamaged\b|is not a database/;

/** Rejects with `error`, or with what it says and the newest snapshot in which nothing is wrong. Reads that one whole. */
export async function offerSnapshot(config: Pick<Config, 'data-dir' | 'storage'>, error: Error): Promise<never> {
  if (!DAMAGED.test(error.message)) throw error;
  const { into } = placesOf(config);
  const good = await lastGoodSnapshot(into, { scratch: config['data-dir'] }).catch((cause: Error) => cause);
  const offer =
    good instanceof Error
      ? `the snapshots in ${into} cannot be looked at: ${good.message}`
      : good
        ? `the newest good snapshot is ${good.name}, of ${good.manifest?.time}: tsukube snapshot restore ${good.name}`
        : `there is no good snapshot in ${into}`;
  throw new Error(`${error.message}; ${offer}`, { cause: error });
}
