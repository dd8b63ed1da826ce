// The pod network by CNI plugins: ADD in the list's order, each given the result before it; DEL in reverse with the
// result that ADD left in the cache. https://github.com/containernetworking/cni/blob/v1.1.2/SPEC.md section 3
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Component } from '../lifecycle.ts';
import type { Logger } from '../log.ts';
import { type CniCommand, type CniParameters, type CniResult, invokePlugin } from './cni-plugin.ts';
import { defaultConflist, type NetworkList, type PluginConfig, readConflist } from './conflist.ts';
import { prepareHost } from './host-forwarding.ts';
import type { HostLedger } from './host-ledger.ts';
import { isPinned } from './netns.ts';
import type { NetworkAttachment, PodNetwork } from './pod-network.ts';

export interface CniOptions {
  /** Where plugins are looked for, in order. */
  binDirs: readonly string[];
  /** A folder like /etc/cni/net.d; without it, or when it has no list, the default bridge is used. */
  confDir?: string;
  podCIDR: string;
  /** Name of the default list's bridge; default tsukube0. */
  bridge?: string;
  /** Results and leases live in `<runDir>/cni`: they go with a reboot, as the namespaces do. */
  runDir: string;
  ledger: HostLedger;
  log: Logger;
}

export const DEFAULT_CNI_BIN_DIRS: readonly string[] = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni'];

const IF_NAME = 'eth0';

/** What ADD used and answered, so that DEL does not depend on a configuration that has changed since. */
interface CachedResult {
  list: NetworkList;
  result: CniResult;
}

/** `start` reads the configuration and prepares the host; attaching waits for nothing else. */
export function createCniNetwork(
  options: CniOptions,
): PodNetwork & Component & { check(a: NetworkAttachment): Promise<void> } {
  const cacheDir = path.join(options.runDir, 'cni', 'results');
  let list: NetworkList | undefined;

  const invoke = (command: CniCommand, config: PluginConfig, attachment: NetworkAttachment) =>
    invokePlugin(command, config, { binDirs: options.binDirs, parameters: parametersOf(command, attachment) });

  const deleteWith = async (used: NetworkList, attachment: NetworkAttachment, prevResult?: CniResult) => {
    for (const plugin of used.plugins.toReversed()) {
      await invoke('DEL', pluginConfig(used, plugin, { attachment, prevResult }), attachment);
    }
  };

  return {
    name: 'pod-network',
    async start() {
      const { confDir, podCIDR, runDir, ledger, log } = options;
      const configured = confDir === undefined ? undefined : readConflist(confDir);
      list = configured ?? defaultConflist({ ...options, dataDir: path.join(runDir, 'cni') });
      await prepareHost(list, { ledger, log, ...(configured ? {} : { masquerade: podCIDR }) });
    },
    async stop() {}, // the network outlives the server, as the pods do

    async attach(attachment) {
      if (list === undefined) throw new Error('the pod network is not started');
      const used = withoutIdlePlugins(list, attachment);
      try {
        const result = await addAll(used, attachment, invoke);
        writeCache(cacheDir, attachment.sandboxId, { list: used, result });
        return { ips: addressesOf(result) };
      } catch (cause) {
        await deleteWith(used, attachment).catch((error: unknown) =>
          options.log.warn({ error, sandbox: attachment.sandboxId }, 'CNI DEL after a failed ADD'),
        );
        throw cause;
      }
    },

    async detach(attachment) {
      const cached = readCache(cacheDir, attachment.sandboxId);
      const used = cached?.list ?? list;
      if (used === undefined) throw new Error('the pod network is not started');
      await deleteWith(used, attachment, cached?.result);
      rmSync(cacheFile(cacheDir, attachment.sandboxId), { force: true });
    },

    async check(attachment) {
      const cached = readCache(cacheDir, attachment.sandboxId);
      if (!cached || cached.list.disableCheck) return;
      for (const plugin of cached.list.plugins) {
        await invoke('CHECK', pluginConfig(cached.list, plugin, { attachment, prevResult: cached.result }), attachment);
      }
    },
  };
}

/** Without host ports portmap only hands on what it is given, and looks through the chains of iptables when the pod goes. */
function withoutIdlePlugins(list: NetworkList, { portMappings }: NetworkAttachment): NetworkList {
  const [first, ...others] = list.plugins as [PluginConfig, ...PluginConfig[]];
  const isIdle = ({ type }: PluginConfig) => type === 'portmap' && portMappings.length === 0;
  return { ...list, plugins: [first, ...others.filter((plugin) => !isIdle(plugin))] };
}

type Invoke = (command: CniCommand, config: PluginConfig, attachment: NetworkAttachment) => Promise<CniResult>;

async function addAll(list: NetworkList, attachment: NetworkAttachment, invoke: Invoke): Promise<CniResult> {
  let prevResult: CniResult | undefined;
  for (const plugin of list.plugins) {
    prevResult = await invoke('ADD', pluginConfig(list, plugin, { attachment, prevResult }), attachment);
  }
  return prevResult ?? {};
}

/** SPEC section 4, "Deriving execution configuration from plugin configuration". */
export function pluginConfig(
  list: NetworkList,
  plugin: PluginConfig,
  options: { attachment: NetworkAttachment; prevResult?: CniResult },
): PluginConfig {
  const { capabilities, ...config } = plugin;
  const { portMappings } = options.attachment;
  return {
    ...config,
    cniVersion: list.cniVersion,
    name: list.name,
    ...(capabilities?.portMappings && portMappings.length > 0
      ? {
          runtimeConfig: {
            portMappings: portMappings.map((m) => ({ ...m, protocol: m.protocol.toLowerCase() })),
          },
        }
      : {}),
    ...(options.prevResult === undefined ? {} : { prevResult: options.prevResult }),
  };
}

function parametersOf(command: CniCommand, attachment: NetworkAttachment): CniParameters {
  // What is left of a namespace that is gone, addresses and rules, is given back without one (CNI specification, DEL).
  const isGone = command === 'DEL' && !isPinned(attachment.netns);
  return {
    containerId: attachment.sandboxId,
    netns: isGone ? '' : attachment.netns,
    ifName: IF_NAME,
    // the conventional arguments, as containerd's CRI passes them
    args: {
      IgnoreUnknown: '1',
      K8S_POD_NAMESPACE: attachment.pod.namespace,
      K8S_POD_NAME: attachment.pod.name,
      K8S_POD_INFRA_CONTAINER_ID: attachment.sandboxId,
      K8S_POD_UID: attachment.pod.uid,
    },
  };
}

const addressesOf = (result: CniResult): string[] => (result.ips ?? []).map((ip) => ip.address.replace(/\/\d+$/, ''));

const cacheFile = (directory: string, sandboxId: string) => path.join(directory, `${sandboxId}.json`);

function writeCache(directory: string, sandboxId: string, cached: CachedResult): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = cacheFile(directory, sandboxId);
  writeFileSync(`${file}.new`, JSON.stringify(cached), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function readCache(directory: string, sandboxId: string): CachedResult | undefined {
  try {
    return JSON.parse(readFileSync(cacheFile(directory, sandboxId), 'utf8')) as CachedResult;
  } catch {
    return undefined; // never added, or lost: DEL must do with the current configuration
  }
}
