// How much history is kept, as users write it and as the store takes it.
import { type CompactionPolicy, DEFAULT_COMPACTION } from '../storage/compaction.ts';
import type { Config } from './options.ts';

const UNITS: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };
const DURATION_HINT = 'must be as 48h, 90m or 7d, or 0 for no more than watches need';

/** Milliseconds of `7d`, `1h30m`, `0`. */
export function duration(value: string): number {
  if (value === '0') return 0;
  if (!/^(\d{1,6}[dhms])+$/.test(value)) throw new Error(DURATION_HINT);
  const parts = value.match(/\d+[dhms]/g) ?? [];
  return parts.reduce((sum, part) => sum + Number(part.slice(0, -1)) * (UNITS[part.slice(-1)] as number), 0);
}

/** Bytes of `512Mi`, `2Gi`, `0`. */
export function historySize(value: string): number {
  const match = /^(\d{1,6})(Ki|Mi|Gi)$/.exec(value === '0' ? '0Mi' : value);
  if (!match) throw new Error('must be a size such as 512Mi or 2Gi');
  return Number(match[1]) * 1024 ** ({ Ki: 1, Mi: 2, Gi: 3 }[match[2] as 'Ki' | 'Mi' | 'Gi'] as number);
}

/** Milliseconds by resource, as storage prefixes: `pods=6h,deployments.apps=7d`. */
export function historyOf(value: string): ReadonlyMap<string, number> {
  const settings = value.split(',').filter((part) => part.trim() !== '');
  return new Map(
    settings.map((setting) => {
      const match = /^([a-z][a-z0-9-]*)(?:\.([a-z0-9.-]+))?=(\w+)$/.exec(setting.trim());
      if (!match)
        throw new Error(`has "${setting.trim()}", which must be RESOURCE.GROUP=DURATION, such as deployments.apps=7d`);
      try {
        return [`/${match[2] ?? 'core'}/${match[1]}/`, duration(match[3] as string)];
      } catch (error) {
        throw new Error(`has "${setting.trim()}", whose duration ${(error as Error).message}`);
      }
    }),
  );
}

/** History in memory is memory of the process. */
const MOST_BYTES_IN_MEMORY = 64 * 1024 * 1024;

export function historyPolicy(
  config: Pick<Config, 'history' | 'history-size' | 'history-of' | 'storage'>,
): CompactionPolicy {
  const most = config.storage.startsWith('memory:') ? MOST_BYTES_IN_MEMORY : Number.POSITIVE_INFINITY;
  return {
    ...DEFAULT_COMPACTION,
    historyMs: config.history,
    historyBytes: Math.min(config['history-size'], most),
    historyOf: new Map([...(DEFAULT_COMPACTION.historyOf ?? []), ...config['history-of']]),
  };
}
