// Opens a store by URL: `memory:` or `sqlite:/path/state.db`.
import type { Driver, Durability } from './driver.ts';
import { type HubOptions, openHub } from './hub.ts';
import { createMemoryDriver } from './memory/driver.ts';
import type { Storage, StorageUnavailable } from './storage.ts';

export interface OpenOptions extends HubOptions {
  /** Default 'full'; without a file it means nothing. */
  durability?: Durability;
  /** Path of an EncryptionConfiguration: how values are encrypted on disk. */
  encryptionConfig?: string;
  /** The store can serve no longer, and only a restart can tell what it holds: to be called at most once. */
  onFailure?: (reason: StorageUnavailable) => void;
}

/** Makes the driver of a URL's scheme; `location` is what follows the colon. */
type DriverFactory = (location: string, options: OpenOptions) => Driver | Promise<Driver>;

const DRIVERS: Record<string, DriverFactory> = {
  memory: () => createMemoryDriver(),
  // Loaded when asked for: a cluster in memory needs neither the thread nor the native addon.
  sqlite: async (file, options) => (await import('./sqlite/driver.ts')).createSqliteDriver(file, options),
};

/** Resolves once the driver is at work, perhaps on a thread of its own; `opened` when the store can be used. */
export async function startStorage(url: string, options: OpenOptions): Promise<{ opened: Promise<Storage> }> {
  const colon = url.indexOf(':');
  const make = DRIVERS[url.slice(0, Math.max(0, colon))];
  if (!make) {
    throw new Error(
      `unknown storage ${JSON.stringify(url)}: it must begin with ${Object.keys(DRIVERS).join(': or ')}:`,
    );
  }
  const driver = await make(url.slice(colon + 1), options);
  return { opened: openHub(driver, options) };
}

export const openStorage = async (url: string, options: OpenOptions): Promise<Storage> =>
  (await startStorage(url, options)).opened;
