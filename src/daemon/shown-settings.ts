// Settings as texts, for everyone who may look at a server: what /flagz tells.
import type { Config } from './options.ts';

const SECRET: ReadonlySet<string> = new Set<keyof Config>(['token']);

export const shownSettings = (config: Readonly<Config>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, SECRET.has(name) && value ? '<redacted>' : shown(value)]),
  );

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value !== 'object' || value === null) return String(value);
  const pairs = value instanceof Map ? [...value] : Object.entries(value);
  return pairs.map((pair) => pair.join('=')).join(',');
}
