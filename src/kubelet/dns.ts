// /etc/resolv.conf and /etc/hosts of a pod: pkg/kubelet/network/dns and kubelet_pods.go. Pure.
import type { Pod } from '../api/types/core/v1.ts';
import { specOf } from './pod-record.ts';

export interface ResolverConfig {
  servers: string[];
  searches: string[];
  options: string[];
}

const MAX_SERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_LENGTH = 2048;

export function parseResolvConf(text: string): ResolverConfig {
  const config: ResolverConfig = { servers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [key, ...words] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (key === 'nameserver' && words[0]) config.servers.push(words[0]);
    if (key === 'search') config.searches = words.map((w) => (w === '.' ? w : w.replace(/\.$/, '')));
    if (key === 'options') config.options = words;
  }
  return config;
}

export function podResolver(
  pod: Pod,
  cluster: { dns: readonly string[]; domain: string; host: ResolverConfig },
): ResolverConfig {
  const { dnsPolicy = 'ClusterFirst', hostNetwork, dnsConfig } = specOf(pod);
  const usesCluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  const { dns, domain, host } = cluster;
  let base: ResolverConfig = host;
  if (dnsPolicy === 'None') base = { servers: [], searches: [], options: [] };
  else if (usesCluster && dns.length > 0) {
    const searches = [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain, ...host.searches];
    base = { servers: [...dns], searches, options: ['ndots:5'] };
  }
  const unique = (list: readonly string[]) => [...new Set(list)];
  return {
    servers: unique([...base.servers, ...(dnsConfig?.nameservers ?? [])]).slice(0, MAX_SERVERS),
    searches: fitting(unique([...base.searches, ...(dnsConfig?.searches ?? [])])),
    options: mergeOptions(base.options, dnsConfig?.options ?? []),
  };
}

function fitting(searches: readonly string[]): string[] {
  const kept = searches.slice(0, MAX_SEARCHES);
  while (kept.join(' ').length > MAX_SEARCH_LENGTH) kept.pop();
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

/** The host part of a pod's name: at most 63 characters, as the kernel takes it. */
export function podHostname(pod: Pod): string {
  const spec = specOf(pod);
  return (spec.hostname ?? pod.metadata.name ?? '').slice(0, 63).replace(/[-.]+$/, '');
}

export const podDomain = (pod: Pod, clusterDomain: string): string => {
  const { subdomain } = specOf(pod);
  return subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : '';
};

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
