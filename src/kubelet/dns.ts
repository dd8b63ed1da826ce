// Names of a pod: /etc/resolv.conf, /etc/hosts and its own (pkg/kubelet/network/dns, kubelet_pods.go). Pure.
import type { Pod } from '../api/types/core/v1.ts';
import { formatPod, specOf } from './pod-record.ts';

export interface ResolverConfig {
  servers: string[];
  searches: string[];
  options: string[];
}

const MAX_SERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_LENGTH = 2048;
const MAX_DOMAIN_LENGTH = 253;
/** Linux' nodename has room for no more. */
const MAX_FQDN_LENGTH = 64;
const MAX_HOSTNAME_LENGTH = 63;

export function parseResolvConf(text: string): ResolverConfig {
  const config: ResolverConfig = { servers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [key, ...words] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (key === 'nameserver' && words[0]) config.servers.push(words[0]);
    if (key === 'search') config.searches = words.filter((w) => w !== '.').map((w) => w.replace(/\.$/, ''));
    if (key === 'options') config.options = words;
  }
  return config;
}

export interface ResolverWarning {
  reason: 'DNSConfigForming' | 'MissingClusterDNS';
  message: string;
}

/** `warn` is told what does not fit, as events tell it. */
export function podResolver(
  pod: Pod,
  cluster: { dns: readonly string[]; domain: string; host: ResolverConfig },
  warn: (warning: ResolverWarning) => void,
): ResolverConfig {
  const { dnsPolicy = 'ClusterFirst', hostNetwork, dnsConfig } = specOf(pod);
  const usesCluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  const { dns, domain, host } = cluster;
  let base: ResolverConfig = host;
  if (dnsPolicy === 'None') base = { servers: [], searches: [], options: [] };
  else if (usesCluster && dns.length > 0) {
    const searches = [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain, ...host.searches];
    base = { servers: [...dns], searches, options: ['ndots:5'] };
  } else if (usesCluster) {
    const message = `pod: "${formatPod(pod)}". kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. Falling back to "Default" policy.`;
    warn({ reason: 'MissingClusterDNS', message });
  }
  const unique = (list: readonly string[]) => [...new Set(list)];
  return {
    servers: fittingServers(unique([...base.servers, ...(dnsConfig?.nameservers ?? [])]), warn),
    searches: fittingSearches(unique([...base.searches, ...(dnsConfig?.searches ?? [])]), warn),
    options: mergeOptions(base.options, dnsConfig?.options ?? []),
  };
}

function fittingServers(servers: readonly string[], warn: (warning: ResolverWarning) => void): string[] {
  const kept = servers.slice(0, MAX_SERVERS);
  if (kept.length < servers.length) {
    const message = `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${kept.join(' ')}`;
    warn({ reason: 'DNSConfigForming', message });
  }
  return kept;
}

function fittingSearches(searches: readonly string[], warn: (warning: ResolverWarning) => void): string[] {
  const kept = searches.slice(0, MAX_SEARCHES).filter((domain) => domain.length <= MAX_DOMAIN_LENGTH);
  while (kept.join(' ').length > MAX_SEARCH_LENGTH) kept.pop();
  if (kept.length < searches.length) {
    const message = `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${kept.join(' ')}`;
    warn({ reason: 'DNSConfigForming', message });
  }
  return kept;
}

/** A pod's option replaces the same one of the base. */
function mergeOptions(base: readonly string[], own: readonly { name?: string; value?: string }[]): string[] {
  const merged = new Map(base.map((option) => [option.split(':')[0] as string, option]));
  for (const { name = '', value } of own) merged.set(name, value === undefined ? name : `${name}:${value}`);
  return [...merged.values()];
}

export const formatResolvConf = (config: ResolverConfig): string =>
  [
    ...(config.searches.length > 0 ? [`search ${config.searches.join(' ')}`] : []),
    ...config.servers.map((server) => `nameserver ${server}`),
    ...(config.options.length > 0 ? [`options ${config.options.join(' ')}`] : []),
    '',
  ].join('\n');

/** The host part of a pod's name, at most as long as the kernel takes it. */
export function podHostname(pod: Pod): string {
  const { hostnameOverride, hostname } = specOf(pod);
  const name = hostnameOverride ?? (hostname || pod.metadata.name || '');
  return name.length <= MAX_HOSTNAME_LENGTH ? name : name.slice(0, MAX_HOSTNAME_LENGTH).replace(/[-.]+$/, '');
}

const podDomain = (pod: Pod, clusterDomain: string): string => {
  const { subdomain, hostnameOverride } = specOf(pod);
  return subdomain && hostnameOverride === undefined
    ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}`
    : '';
};

/** What `hostname` prints in the pod. Throws when a full name was asked for and is too long. */
export function kernelHostname(pod: Pod, clusterDomain: string): string {
  const name = podHostname(pod);
  const domain = podDomain(pod, clusterDomain);
  if (!specOf(pod).setHostnameAsFQDN || domain === '') return name;
  const full = `${name}.${domain}`;
  if (full.length <= MAX_FQDN_LENGTH) return full;
  throw new Error(
    `failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (${MAX_FQDN_LENGTH} characters is the max, ${full.length} characters requested)`,
  );
}

export function hostsFile(
  pod: Pod,
  at: { podIPs: readonly string[]; clusterDomain: string; hostFile: string },
): string {
  const spec = specOf(pod);
  const aliases = (spec.hostAliases ?? []).map((alias) => `${alias.ip}\t${(alias.hostnames ?? []).join('\t')}\n`);
  const tail = aliases.length > 0 ? `\n# Entries added by HostAliases.\n${aliases.join('')}` : '';
  if (spec.hostNetwork) return `# Kubernetes-managed hosts file (host network).\n${at.hostFile}${tail}`;
  const name = podHostname(pod);
  const domain = podDomain(pod, at.clusterDomain);
  const own = at.podIPs.map((ip) => (domain ? `${ip}\t${name}.${domain}\t${name}\n` : `${ip}\t${name}\n`));
  return [
    '# Kubernetes-managed hosts file.\n',
    '127.0.0.1\tlocalhost\n',
    '::1\tlocalhost ip6-localhost ip6-loopback\n',
    'fe00::0\tip6-localnet\n',
    'fe00::0\tip6-mcastprefix\n',
    'fe00::1\tip6-allnodes\n',
    'fe00::2\tip6-allrouters\n',
    ...own,
    tail,
  ].join('');
}
