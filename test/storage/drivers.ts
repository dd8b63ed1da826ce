// Every driver, and how a test gets a store over it. A new driver is one more row.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { silentLogger } from '../../src/log.ts';
import type { Driver } from '../../src/storage/driver.ts';
import { type HubOptions, openHub } from '../../src/storage/hub.ts';
import { createMemoryDriver } from '../../src/storage/memory/driver.ts';
import { type OpenOptions, openStorage } from '../../src/storage/open.ts';
import { createSqliteDriver } from '../../src/storage/sqlite/driver.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';

export interface DriverCase {
  name: string;
  /** A store opened again at the same URL finds what was there. */
  survives: boolean;
  /** A URL of its own for the test, gone after it. */
  url(t: TestContext): Promise<string>;
  /** What openStorage() makes of such a URL, for a store over a driver that the test stands in front of. */
  driver(url: string): Driver;
}

/** A directory of its own for the test, gone after it. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'storage-'));
  t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  return directory;
}

export const DRIVERS: readonly DriverCase[] = [
  { name: 'memory', survives: false, url: async () => 'memory:', driver: createMemoryDriver },
  {
    name: 'sqlite',
    survives: true,
    url: async (t) => `sqlite:${path.join(await temporaryDirectory(t), 'state.db')}`,
    driver: (url) => createSqliteDriver(url.slice('sqlite:'.length), { log: silentLogger }),
  },
];

/** Opens `url`; closed after the test unless it was before. */
export async function open(t: TestContext, url: string, options: Partial<OpenOptions> = {}): Promise<Storage> {
  const storage = await openStorage(url, { clock: fakeClock(), log: silentLogger, ...options });
  t.after(() => storage.close());
  return storage;
}

/** The same with `wrap` between the store and its driver. */
export async function openWrapped(
  t: TestContext,
  { driver, wrap, ...options }: { driver: DriverCase; wrap(driver: Driver): Driver } & Partial<HubOptions>,
): Promise<Storage> {
  const wrapped = wrap(driver.driver(await driver.url(t)));
  const storage = await openHub(wrapped, { clock: fakeClock(), log: silentLogger, ...options });
  t.after(() => storage.close());
  return storage;
}

/** Moves the clock until all history is given up, of a store whose policy keeps none. */
export async function giveUpHistory(storage: Storage, clock: FakeClock): Promise<void> {
  const to = storage.revision;
  while (storage.compactRevision < to) await clock.advance(1_000);
}
