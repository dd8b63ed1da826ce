// Where the record of changes to this host is kept.
import path from 'node:path';
import { createLedger, type HostLedger } from '../network/host-ledger.ts';
import type { Config } from './options.ts';

export const ledgerFile = (dataDir: string): string => path.join(dataDir, 'host-changes.json');

export const openLedger = (config: Pick<Config, 'data-dir'>): HostLedger =>
  createLedger(ledgerFile(config['data-dir']));
