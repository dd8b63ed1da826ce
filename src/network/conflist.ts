// CNI network configuration lists: read from a folder as the specification's section 1 says, or our default.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isMissingFile } from '../missing-file.ts';

export interface PluginConfig {
  type: string;
  capabilities?: Readonly<Record<string, boolean>>;
  [key: string]: unknown;
}

export interface NetworkList {
  cniVersion: string;
  name: string;
  disableCheck?: boolean;
  plugins: readonly PluginConfig[];
}

export const DEFAULT_BRIDGE = 'tsukube0';

/**
 * Pods on one bridge, addresses by host-local, host ports by portmap. `dataDir` holds the leases. The bridge plugin would make a chain
 * and two rules of NAT for each pod, eleven runs of iptables for its life: the host has one rule for all (host-forwarding.ts).
 */
export function defaultConflist(options: {
  podCIDR: string;
  dataDir: string;
  bridge?: string;
  mtu?: number;
}): NetworkList {
  return {
    cniVersion: '1.0.0',
    name: 'tsukube',
    plugins: [
      {
        type: 'bridge',
        bridge: options.bridge ?? DEFAULT_BRIDGE,
        isGateway: true,
        ipMasq: false,
        hairpinMode: true, // a pod reaches itself through its Service
        promiscMode: false,
        ...(options.mtu === undefined ? {} : { mtu: options.mtu }),
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: options.podCIDR }]],
          routes: [{ dst: '0.0.0.0/0' }],
          dataDir: path.join(options.dataDir, 'ipam'),
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

/** The first (by file name) list in `directory`, as libcni chooses; undefined when it holds none or is absent. */
export function readConflist(directory: string): NetworkList | undefined {
  let names: string[];
  try {
    names = readdirSync(directory).sort();
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw error;
  }
  const name = names.find((n) => /\.(conflist|conf|json)$/.test(n));
  if (name === undefined) return undefined;
  const file = path.join(directory, name);
  return parseConflist(readFileSync(file, 'utf8'), file);
}

/** Checks shape only: what a plugin wants of its own fields the plugin says itself. */
export function parseConflist(text: string, file: string): NetworkList {
  const fail = (why: string) => new Error(`CNI configuration ${file}: ${why}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw fail(`not JSON (${(cause as Error).message})`);
  }
  if (!isObject(value)) throw fail('not an object');
  const list = 'type' in value && !('plugins' in value) ? { ...value, plugins: [value] } : value; // a single .conf
  const { name, cniVersion, plugins, disableCheck } = list as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') throw fail('"name" is missing');
  if (typeof cniVersion !== 'string') throw fail('"cniVersion" is missing');
  if (!Array.isArray(plugins) || plugins.length === 0) throw fail('"plugins" has no plugin');
  plugins.forEach((plugin: unknown, i) => {
    if (!isObject(plugin) || typeof plugin.type !== 'string' || plugin.type === '' || plugin.type.includes('/')) {
      throw fail(`plugins[${i}] has no "type" that names a plugin`);
    }
  });
  return { name, cniVersion, plugins: plugins as PluginConfig[], disableCheck: disableCheck === true };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
