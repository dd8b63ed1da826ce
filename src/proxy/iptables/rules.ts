// Service ports → the text for iptables-restore. Pure. Structure and order are kube-proxy's iptables mode;
// chains carry our own prefix so that another Kubernetes on this host keeps its rules.
//
//   SERVICES ─ cluster IP ──────────► SVC ─► SEP (DNAT)      a chain per service port, one per endpoint
//            ─ external IP ─► EXT ──► SVC                    EXT masquerades unless externalTrafficPolicy is Local
//            ─ local address ─► NODEPORTS ─► EXT
import { createHash } from 'node:crypto';
import type { EndpointAddress, ServicePort } from '../service-ports.ts';

/** Of chain names. Another instance on the same host has another one; at most 7 characters. */
export const DEFAULT_PREFIX = 'TSK';
/** Packets with this mark are masqueraded on their way out. kube-proxy has 0x4000, CNI portmap 0x2000. */
const MASQUERADE = '0x20000/0x20000';

const chainsOf = (prefix: string) => ({
  services: `${prefix}-SERVICES`,
  external: `${prefix}-EXTERNAL`,
  nodePorts: `${prefix}-NODEPORTS`,
  postrouting: `${prefix}-POSTROUTING`,
  mark: `${prefix}-MARK-MASQ`,
  forward: `${prefix}-FORWARD`,
  firewall: `${prefix}-FIREWALL`,
});

export interface Jump {
  table: 'nat' | 'filter';
  chain: string;
  rule: readonly string[];
}

/** Jumps from the kernel's chains into ours; apply.ts keeps each in place once. */
export function jumps(prefix: string): Jump[] {
  const { services, postrouting, firewall, external, forward } = chainsOf(prefix);
  const fresh = ['-m', 'conntrack', '--ctstate', 'NEW', '-j'];
  return [
    { table: 'nat', chain: 'PREROUTING', rule: ['-j', services] },
    { table: 'nat', chain: 'OUTPUT', rule: ['-j', services] },
    { table: 'nat', chain: 'POSTROUTING', rule: ['-j', postrouting] },
    { table: 'filter', chain: 'INPUT', rule: ['-j', firewall] },
    { table: 'filter', chain: 'INPUT', rule: [...fresh, external] },
    { table: 'filter', chain: 'FORWARD', rule: [...fresh, services] },
    { table: 'filter', chain: 'FORWARD', rule: [...fresh, external] },
    { table: 'filter', chain: 'FORWARD', rule: ['-j', forward] },
    { table: 'filter', chain: 'OUTPUT', rule: [...fresh, services] },
  ];
}

export interface RuleOptions {
  /** Default DEFAULT_PREFIX. */
  prefix?: string;
  /** Pods' range: traffic from elsewhere to a cluster IP is masqueraded. */
  clusterCidr: string;
  /** Chains of ours that the kernel has now; those no longer wanted are removed. */
  existing?: { nat: readonly string[]; filter: readonly string[] };
}

/** What is being written: both tables, and the names in them. */
interface Rules {
  nat: Table;
  filter: Table;
  names: ReturnType<typeof chainsOf>;
  prefix: string;
  clusterCidr: string;
}

/** Input of `iptables-restore --noflush`: flushes and refills our chains, touches no other. */
export function renderRules(ports: readonly ServicePort[], options: RuleOptions): string {
  const prefix = options.prefix ?? DEFAULT_PREFIX;
  const names = chainsOf(prefix);
  const nat = new Table([names.services, names.nodePorts, names.postrouting, names.mark]);
  const filter = new Table([names.services, names.external, names.forward, names.firewall]);
  const rules: Rules = { nat, filter, names, prefix, clusterCidr: options.clusterCidr };

  nat.add(rules.names.mark, `-j MARK --or-mark ${MASQUERADE.split('/')[0]}`);
  nat.add(rules.names.postrouting, `-m mark ! --mark ${MASQUERADE} -j RETURN`);
  nat.add(rules.names.postrouting, `-j MARK --xor-mark ${MASQUERADE.split('/')[0]}`);
  nat.add(rules.names.postrouting, '-j MASQUERADE --random-fully');

  // With route_localnet on, loopback addresses must stay unreachable from other hosts (CVE-2020-8558).
  filter.add(
    rules.names.firewall,
    '! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP',
  );
  filter.add(rules.names.forward, '-m conntrack --ctstate INVALID -j DROP');
  filter.add(rules.names.forward, `-m mark --mark ${MASQUERADE} -j ACCEPT`);
  filter.add(rules.names.forward, '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT');

  for (const port of ports) {
    if (port.endpoints.length === 0) rejectPort(rules, port);
    else forwardPort(rules, port);
  }
  // Last, so that a cluster IP or external IP that is local to this host is found first.
  nat.add(rules.names.services, `-m addrtype --dst-type LOCAL -j ${rules.names.nodePorts}`);

  return nat.render('nat', options.existing?.nat ?? []) + filter.render('filter', options.existing?.filter ?? []);
}

/** Nothing serves this port: connections are refused at once instead of hanging. */
function rejectPort(rules: Rules, port: ServicePort): void {
  const { filter } = rules;
  const to = destination(port, port.clusterIP, port.port);
  filter.add(rules.names.services, `${comment(port, 'has no endpoints')} ${to} -j REJECT`);
  for (const ip of port.externalIPs) {
    filter.add(
      rules.names.external,
      `${comment(port, 'has no endpoints')} ${destination(port, ip, port.port)} -j REJECT`,
    );
  }
  if (port.nodePort) {
    filter.add(
      rules.names.external,
      `${comment(port, 'has no endpoints')} -m addrtype --dst-type LOCAL -p ${port.protocol} --dport ${port.nodePort} -j REJECT`,
    );
  }
}

function forwardPort(rules: Rules, port: ServicePort): void {
  const { nat, filter, clusterCidr } = rules;
  const chain = chainName(rules, 'SVC', port);
  const isExternal = port.nodePort !== undefined || port.externalIPs.length > 0;
  const local = port.endpoints.filter((endpoint) => endpoint.local);

  for (const endpoint of port.endpoints) endpointChain(rules, port, endpoint);

  const to = destination(port, port.clusterIP, port.port);
  if (!port.internalLocal || isExternal) {
    nat.declare(chain);
    nat.add(chain, `${comment(port, 'cluster IP')} ! -s ${clusterCidr} ${to} -j ${rules.names.mark}`);
    balance(rules, chain, { port, endpoints: port.endpoints });
  }
  if (!port.internalLocal) {
    nat.add(rules.names.services, `${comment(port, 'cluster IP')} ${to} -j ${chain}`);
  } else if (local.length > 0) {
    nat.add(rules.names.services, `${comment(port, 'cluster IP')} ${to} -j ${localChain(rules, port, local)}`);
  } else {
    filter.add(rules.names.services, `${comment(port, 'has no local endpoints')} ${to} -j DROP`);
  }
  if (!isExternal) return;

  const external = chainName(rules, 'EXT', port);
  nat.declare(external);
  if (port.externalLocal) externalLocal(rules, port, { external, chain, local });
  else {
    nat.add(external, `${comment(port, 'from outside')} -j ${rules.names.mark}`);
    nat.add(external, `-j ${chain}`);
  }
  for (const ip of port.externalIPs) {
    nat.add(rules.names.services, `${comment(port, 'external IP')} ${destination(port, ip, port.port)} -j ${external}`);
  }
  if (port.nodePort) {
    nat.add(
      rules.names.nodePorts,
      `${comment(port, 'node port')} -p ${port.protocol} --dport ${port.nodePort} -j ${external}`,
    );
  }
}

/** externalTrafficPolicy Local: pods and this host may use any endpoint, others only the local ones, unmasqueraded. */
function externalLocal(
  rules: Rules,
  port: ServicePort,
  options: { external: string; chain: string; local: readonly EndpointAddress[] },
): void {
  const { nat, filter, clusterCidr } = rules;
  const { external, chain, local } = options;
  nat.add(external, `${comment(port, 'from pods')} -s ${clusterCidr} -j ${chain}`);
  nat.add(external, `${comment(port, 'from this host')} -m addrtype --src-type LOCAL -j ${rules.names.mark}`);
  nat.add(external, `-m addrtype --src-type LOCAL -j ${chain}`);
  if (local.length > 0) {
    nat.add(external, `-j ${localChain(rules, port, local)}`);
    return;
  }
  for (const ip of port.externalIPs) {
    filter.add(
      rules.names.external,
      `${comment(port, 'has no local endpoints')} ${destination(port, ip, port.port)} -j DROP`,
    );
  }
  if (port.nodePort) {
    filter.add(
      rules.names.external,
      `${comment(port, 'has no local endpoints')} -m addrtype --dst-type LOCAL -p ${port.protocol} --dport ${port.nodePort} -j DROP`,
    );
  }
}

function localChain(rules: Rules, port: ServicePort, local: readonly EndpointAddress[]): string {
  const chain = chainName(rules, 'SVL', port);
  if (rules.nat.declare(chain)) balance(rules, chain, { port, endpoints: local });
  return chain;
}

function endpointChain(rules: Rules, port: ServicePort, endpoint: EndpointAddress): void {
  const { nat } = rules;
  const chain = chainName(rules, 'SEP', port, endpoint);
  nat.declare(chain);
  // A pod that reaches itself through its Service must see another source address, or it would answer itself.
  nat.add(chain, `${comment(port)} -s ${endpoint.ip} -j ${rules.names.mark}`);
  const remember = port.affinitySeconds === undefined ? '' : ` -m recent --name ${chain} --set`;
  nat.add(
    chain,
    `${comment(port)}${remember} -p ${port.protocol} -j DNAT --to-destination ${endpoint.ip}:${endpoint.port}`,
  );
}

/** Affinity first, then each endpoint with an equal chance. */
function balance(
  rules: Rules,
  chain: string,
  { port, endpoints }: { port: ServicePort; endpoints: readonly EndpointAddress[] },
): void {
  const { nat } = rules;
  if (port.affinitySeconds !== undefined) {
    for (const endpoint of endpoints) {
      const target = chainName(rules, 'SEP', port, endpoint);
      nat.add(chain, `-m recent --name ${target} --rcheck --seconds ${port.affinitySeconds} --reap -j ${target}`);
    }
  }
  endpoints.forEach((endpoint, index) => {
    const left = endpoints.length - index;
    const chance = left > 1 ? `-m statistic --mode random --probability ${(1 / left).toFixed(10)} ` : '';
    nat.add(
      chain,
      `${comment(port, `-> ${endpoint.ip}:${endpoint.port}`)} ${chance}-j ${chainName(rules, 'SEP', port, endpoint)}`,
    );
  });
}

const comment = (port: ServicePort, text?: string): string =>
  `-m comment --comment "${text ? `${port.name} ${text}` : port.name}"`;

const destination = (port: ServicePort, ip: string, number: number): string =>
  `-d ${ip}/32 -p ${port.protocol} --dport ${number}`;

/** At most 28 characters, so names are hashed: stable over restarts, one per port (and endpoint). */
function chainName(
  { prefix }: Pick<Rules, 'prefix'>,
  kind: 'SVC' | 'SVL' | 'EXT' | 'SEP',
  port: ServicePort,
  endpoint?: EndpointAddress,
): string {
  const text = `${port.name}/${port.protocol}${endpoint ? `/${endpoint.ip}:${endpoint.port}` : ''}`;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16).toUpperCase();
  return `${prefix}-${kind}-${hash}`;
}

/** Chains in order of declaration with their rules. */
class Table {
  private readonly chains = new Map<string, string[]>();

  constructor(chains: readonly string[]) {
    for (const chain of chains) this.declare(chain);
  }

  /** False when the chain was there. */
  declare(chain: string): boolean {
    if (this.chains.has(chain)) return false;
    this.chains.set(chain, []);
    return true;
  }

  add(chain: string, rule: string): void {
    (this.chains.get(chain) as string[]).push(`-A ${chain} ${rule}`);
  }

  render(table: string, existing: readonly string[]): string {
    const stale = existing.filter((chain) => !this.chains.has(chain));
    const declared = [...this.chains.keys(), ...stale].map((chain) => `:${chain} - [0:0]`);
    const rules = [...this.chains.values()].flat();
    return `${[`*${table}`, ...declared, ...rules, ...stale.map((chain) => `-X ${chain}`), 'COMMIT'].join('\n')}\n`;
  }
}
