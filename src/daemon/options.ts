// Every setting of the server as data: one row each serves the command line, the config file and the environment.
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import ipaddr from 'ipaddr.js';
import {
  DEFAULT_API_PORT,
  DEFAULT_CLUSTER_CIDR,
  DEFAULT_CLUSTER_DOMAIN,
  DEFAULT_DATA_DIR,
  DEFAULT_KUBELET_PORT,
  DEFAULT_NODE_PORT_RANGE,
  DEFAULT_SERVICE_CIDR,
  RUN_DIR,
} from '../constants.ts';
import { checkSysctlPatterns } from '../kubelet/sysctls.ts';
import type { LogLevel } from '../log.ts';
import type { Durability } from '../storage/driver.ts';
import { nextRun } from './cron.ts';
import { duration, historyOf, historySize } from './history-settings.ts';
import { NODE_OPTIONS, type NodeConfig } from './node-options.ts';

export const COMPONENTS = ['apiserver', 'controllers', 'scheduler', 'kubelet', 'proxy', 'dns'] as const;
export type ComponentName = (typeof COMPONENTS)[number];

/** A setting that cannot be taken; the message says where it came from, what is wrong and what is right. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

export interface Config extends NodeConfig {
  'data-dir': string;
  'run-dir': string;
  'bind-address': string;
  'advertise-address': string;
  port: number;
  'kubelet-port': number;
  'node-name': string;
  'cluster-cidr': string;
  'service-cidr': string;
  'node-port-range': { from: number; to: number };
  'cluster-domain': string;
  'upstream-dns': readonly string[];
  components: readonly ComponentName[];
  storage: string;
  'storage-quota': number;
  'encryption-provider-config': string;
  history: number;
  'history-size': number;
  'history-of': ReadonlyMap<string, number>;
  durability: Durability;
  'container-runtime': RuntimeDriver;
  'container-runtime-endpoint': string;
  containerd: string;
  'cni-conf-dir': string;
  registries: string;
  'max-parallel-image-pulls': number;
  'max-container-restart-period': number;
  'pod-manifest-path': string;
  token: string;
  'tls-san': readonly string[];
  'write-kubeconfig': string;
  'allowed-unsafe-sysctls': readonly string[];
  'feature-gates': readonly FeatureGate[];
  'log-level': LogLevel;
  'snapshot-schedule': string;
  'snapshot-keep': number;
}

export const RUNTIME_DRIVERS = ['nerdctl', 'cri', 'podman', 'docker'] as const;
export type RuntimeDriver = (typeof RUNTIME_DRIVERS)[number];

export type OptionName = keyof Config;

/** Those of upstream's gates that are off by default and make a difference here. */
export const FEATURE_GATES = ['CBORServingAndStorage'] as const;
export type FeatureGate = (typeof FEATURE_GATES)[number];

export interface Option<T> {
  description: string;
  /** As a user would write it; '' when the server finds the value itself. */
  default: string;
  /** Throws an Error saying what is right. */
  parse(text: string): T;
}

const text = (value: string): string => value;

function port(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < 1 || number > 65535) throw new Error('must be a port between 1 and 65535');
  return number;
}

function positive(value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value)) throw new Error('must be a whole number above 0');
  return Number(value);
}

/** In milliseconds; the bounds are upstream's. */
function restartPeriod(value: string): number {
  const seconds = Number(/^(\d{1,3})s$/.exec(value)?.[1]);
  if (!(seconds >= 1 && seconds <= 300)) throw new Error('must be whole seconds from 1s to 300s');
  return seconds * 1000;
}

function address(value: string): string {
  if (value !== '' && isIP(value) === 0) throw new Error('must be an IP address');
  return value;
}

/** An IPv4 range of at most `longest` prefix bits, written as its network address. */
const cidr =
  (longest: number) =>
  (value: string): string => {
    if (!ipaddr.IPv4.isValidCIDR(value)) throw new Error('must be an IPv4 range such as 10.43.0.0/16');
    const [network, bits] = ipaddr.IPv4.parseCIDR(value);
    const first = ipaddr.IPv4.networkAddressFromCIDR(value).toString();
    if (bits > longest) throw new Error(`must have at least ${2 ** (32 - longest)} addresses (/${longest} or wider)`);
    if (network.toString() !== first) throw new Error(`must start at its network address: ${first}/${bits}`);
    return value;
  };

function portRange(value: string): { from: number; to: number } {
  const match = /^(\d+)-(\d+)$/.exec(value);
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || from < 1 || to > 65535 || from > to) throw new Error('must be two ports such as 30000-32767');
  return { from, to };
}

/** The gates that are switched on, out of `Name=true,Other=false`. */
function featureGates(value: string): FeatureGate[] {
  return list(value).flatMap((item) => {
    const [name, state] = item.split('=');
    const gate = FEATURE_GATES.find((one) => one === name);
    if (!gate) throw new Error(`knows no gate "${name}"; there is ${FEATURE_GATES.join(', ')}`);
    if (state !== 'true' && state !== 'false') throw new Error(`must say ${gate}=true or ${gate}=false`);
    return state === 'true' ? [gate] : [];
  });
}

const list = (value: string): string[] =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

function components(value: string): ComponentName[] {
  const names = list(value);
  const wrong = names.find((name) => !(COMPONENTS as readonly string[]).includes(name));
  if (wrong !== undefined || names.length === 0) {
    throw new Error(
      `${wrong === undefined ? 'is empty' : `has no component "${wrong}"`}; there are ${COMPONENTS.join(', ')}`,
    );
  }
  return COMPONENTS.filter((name) => names.includes(name));
}

function absolute(value: string): string {
  if (!value.startsWith('/')) throw new Error('must be an absolute path');
  return value.length > 1 ? value.replace(/\/+$/, '') : value;
}

const optionalPath = (value: string): string => (value === '' ? value : absolute(value));

function endpoint(value: string): string {
  if (value === '') return value;
  if (!/^unix:\/\/\//.test(value)) throw new Error('must be a UNIX socket as unix:///run/containerd/containerd.sock');
  return absolute(value.slice('unix://'.length));
}

function runtimeDriver(value: string): RuntimeDriver {
  const driver = RUNTIME_DRIVERS.find((name) => name === value);
  if (!driver) throw new Error(`is no container runtime; there are ${RUNTIME_DRIVERS.join(', ')}`);
  return driver;
}

function dnsName(value: string): string {
  const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
  if (!new RegExp(`^${label}(\\.${label})*$`).test(value)) {
    throw new Error('must be a DNS name of lower-case letters, digits, - and .');
  }
  return value;
}

function addresses(value: string): string[] {
  const all = list(value);
  const wrong = all.find((item) => isIP(item) === 0);
  if (wrong !== undefined) throw new Error(`"${wrong}" is not an IP address`);
  return all;
}

function schedule(value: string): string {
  if (value === '' || value === 'off') return '';
  let next: number | undefined;
  try {
    next = nextRun(value, Date.UTC(2026, 0, 1));
  } catch {
    throw new Error('must be five fields of cron such as "17 3 * * *", one of @hourly, @daily, @weekly, or off');
  }
  if (next === undefined) throw new Error('never comes');
  return value;
}

const LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];
function level(value: string): LogLevel {
  if (!(LEVELS as readonly string[]).includes(value)) throw new Error(`must be one of ${LEVELS.join(', ')}`);
  return value as LogLevel;
}

function storage(value: string): string {
  if (value !== '' && !/^(memory:|sqlite:\/)/.test(value)) throw new Error('must be memory: or sqlite:/absolute/path');
  return value;
}

function durability(value: string): Durability {
  if (value !== 'full' && value !== 'relaxed') throw new Error('must be full or relaxed');
  return value;
}

/** At least what the bootstrap objects and a moment's history need. */
const MIN_QUOTA_BYTES = 64 * 1024 ** 2;

function quota(value: string): number {
  const match = /^(\d{1,6})(Mi|Gi)$/.exec(value);
  const bytes = Number(match?.[1]) * (match?.[2] === 'Gi' ? 1024 ** 3 : 1024 ** 2);
  if (!match || bytes < MIN_QUOTA_BYTES) throw new Error('must be a size of 64Mi or more, such as 512Mi or 4Gi');
  return bytes;
}

export const OPTIONS: { readonly [Name in OptionName]: Option<Config[Name]> } = {
  'data-dir': { description: 'where everything that lasts is kept', default: DEFAULT_DATA_DIR, parse: absolute },
  'run-dir': { description: 'where sockets and other run-time state are kept', default: RUN_DIR, parse: absolute },
  'bind-address': { description: 'address the API and the kubelet listen on', default: '0.0.0.0', parse: address },
  'advertise-address': {
    description: 'address pods and clients reach the API at (default: that of the default route)',
    default: '',
    parse: address,
  },
  port: { description: 'port of the API', default: String(DEFAULT_API_PORT), parse: port },
  'kubelet-port': { description: 'port of the kubelet', default: String(DEFAULT_KUBELET_PORT), parse: port },
  'node-name': { description: 'name of this node', default: hostname().toLowerCase(), parse: dnsName },
  'cluster-cidr': { description: 'range of pod addresses', default: DEFAULT_CLUSTER_CIDR, parse: cidr(29) },
  'service-cidr': { description: 'range of Service addresses', default: DEFAULT_SERVICE_CIDR, parse: cidr(28) },
  'node-port-range': {
    description: 'ports for Services of type NodePort',
    default: DEFAULT_NODE_PORT_RANGE,
    parse: portRange,
  },
  'cluster-domain': { description: 'DNS domain of the cluster', default: DEFAULT_CLUSTER_DOMAIN, parse: dnsName },
  'upstream-dns': {
    description: 'name servers for other names, comma-separated (default: those of /etc/resolv.conf)',
    default: '',
    parse: addresses,
  },
  components: {
    description: 'what to run, comma-separated',
    default: COMPONENTS.join(','),
    parse: components,
  },
  storage: {
    description: 'memory:, or sqlite:/path (default: state.db in the data directory)',
    default: '',
    parse: storage,
  },
  durability: {
    description: 'full: each write waits for the disk; relaxed: a power cut may take the last second of writes',
    default: 'full',
    parse: durability,
  },
  'storage-quota': {
    description: 'how large the store may grow, such as 512Mi; then only what makes it smaller is written',
    default: '4Gi',
    parse: quota,
  },
  'encryption-provider-config': {
    description: 'EncryptionConfiguration file: which resources are encrypted on disk (aesgcm), and with which keys',
    default: '',
    parse: optionalPath,
  },
  history: {
    description: 'for how long changes can be looked back at, such as 48h or 7d, while the server runs; 0 for minutes',
    default: '48h',
    parse: duration,
  },
  'history-size': {
    description: 'how much history is kept at most; the oldest goes first',
    default: '512Mi',
    parse: historySize,
  },
  'history-of': {
    description: 'history of single resources, such as pods=6h,deployments.apps=7d (Events and Leases: minutes)',
    default: '',
    parse: historyOf,
  },
  'container-runtime': {
    description: 'how containers are run: nerdctl, cri for the CRI of our containerd, podman or docker',
    default: 'nerdctl',
    parse: runtimeDriver,
  },
  'container-runtime-endpoint': {
    description: 'a runtime that serves the CRI, to use instead of our own: unix:///run/containerd/containerd.sock',
    default: '',
    parse: endpoint,
  },
  containerd: { description: 'socket of a containerd to use instead of our own', default: '', parse: optionalPath },
  'cni-conf-dir': {
    description: 'folder of CNI configuration to use instead of our own',
    default: '',
    parse: optionalPath,
  },
  registries: {
    description:
      'folder of HOST/hosts.toml (mirrors, CAs) and config.json (passwords) (default: in the data directory)',
    default: '',
    parse: optionalPath,
  },
  'allowed-unsafe-sysctls': {
    description: 'sysctls beyond the safe ones that pods may set: names, or beginnings of names before a *',
    default: '',
    parse: (value) => checkSysctlPatterns(list(value)),
  },
  'max-parallel-image-pulls': { description: 'how many images are pulled at a time', default: '3', parse: positive },
  ...NODE_OPTIONS,
  'max-container-restart-period': {
    description: 'the longest pause before a container that keeps ending is started again, 1s to 300s',
    default: '300s',
    parse: restartPeriod,
  },
  'pod-manifest-path': {
    description: 'file or folder of manifests of static pods, which run without the API',
    default: '',
    parse: optionalPath,
  },
  token: {
    description: 'a bearer token for user "admin" of group system:masters, for tests',
    default: '',
    parse: text,
  },
  'tls-san': {
    description: 'more names and addresses for the API certificate, comma-separated',
    default: '',
    parse: list,
  },
  'write-kubeconfig': {
    description: 'kubeconfig to write (default: ~/.kube/config of the user who called sudo)',
    default: '',
    parse: optionalPath,
  },
  'snapshot-schedule': {
    description: 'when a snapshot is made, as cron writes it, in local time; off for never',
    default: '17 3 * * *',
    parse: schedule,
  },
  'snapshot-keep': {
    description: 'how many scheduled snapshots are kept; others are never removed by themselves',
    default: '7',
    parse: positive,
  },
  'feature-gates': {
    description: `features that upstream has off by default: ${FEATURE_GATES.map((gate) => `${gate}=true`).join(', ')}`,
    default: '',
    parse: featureGates,
  },
  'log-level': { description: LEVELS.join(', '), default: 'warn', parse: level },
};
