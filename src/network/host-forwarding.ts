// What the host itself must allow before pods reach each other and the world: forwarding, bridged packets through
// iptables (a Service's answer has to be translated back), a FORWARD chain that accepts the bridge's packets, and a rule that
// has pods speak to the world with the host's address.
import { existsSync } from 'node:fs';
import { run } from '../exec.ts';
import type { Logger } from '../log.ts';
import type { NetworkList } from './conflist.ts';
import { type HostLedger, readSysctl, sysctlFile, writeSysctl } from './host-ledger.ts';

/** One chain a bridge, so that two instances on a host leave each other alone; at most 28 characters. */
export const forwardChain = (bridge: string): string => `TSUKUBE-FWD-${bridge}`;
export const masqueradeChain = (bridge: string): string => `TSUKUBE-MASQ-${bridge}`;

const MULTICAST = '224.0.0.0/4';
const SYSCTLS = ['net.ipv4.ip_forward', 'net.bridge.bridge-nf-call-iptables'] as const;

export interface HostPlace {
  ledger: HostLedger;
  log: Logger;
  /** Addresses of pods that no plugin masquerades. */
  masquerade?: string;
}

/** Idempotent. Every change is in the ledger before it is made; the default bridge itself is recorded as well. */
export async function prepareHost(list: NetworkList, { ledger, log, masquerade }: HostPlace): Promise<void> {
  for (const name of SYSCTLS) setSysctl(name, ledger, log);
  const bridges = list.plugins.filter((p) => p.type === 'bridge').map((p) => String(p.bridge ?? 'cni0'));
  for (const name of bridges) if (!existsSync(`/sys/class/net/${name}`)) ledger.record({ kind: 'link', name });
  const { stdout: rules } = await run(['iptables-save']);
  if (list.plugins.some(({ type }) => type === 'portmap')) ledger.record({ kind: 'portmap-chains' });
  for (const subnet of masqueraded(list)) ledger.record({ kind: 'masquerade-chains', network: list.name, subnet });
  for (const name of bridges) {
    await acceptForwarding(name, rules, ledger);
    if (masquerade !== undefined) await masqueradeAll(name, { subnet: masquerade, rules, ledger });
  }
}

/** Ranges of addresses that plugins make chains of NAT for. */
function masqueraded(list: NetworkList): string[] {
  return list.plugins.flatMap(({ ipMasq, ipam }) => {
    const { ranges = [] } = (ipam ?? {}) as { ranges?: { subnet: string }[][] };
    return ipMasq === true ? ranges.flat().map(({ subnet }) => subnet) : [];
  });
}

function setSysctl(name: string, ledger: HostLedger, log: Logger): void {
  if (!existsSync(sysctlFile(name))) {
    log.warn({ sysctl: name }, 'the kernel has no such setting; load br_netfilter if pods do not reach Services');
    return;
  }
  const previous = readSysctl(name);
  if (previous === '1') return;
  ledger.record({ kind: 'sysctl', name, previous });
  writeSysctl(name, '1');
}

async function acceptForwarding(bridge: string, current: string, ledger: HostLedger): Promise<void> {
  const chain = forwardChain(bridge);
  ledger.record({ kind: 'iptables-chain', table: 'filter', chain });
  ledger.record({ kind: 'iptables-rule', table: 'filter', chain: 'FORWARD', rule: ['-j', chain] });
  const jumps = current.includes(`\n-A FORWARD -j ${chain}\n`);
  const text = [
    '*filter',
    `:${chain} - [0:0]`,
    `-A ${chain} -i ${bridge} -j ACCEPT`,
    `-A ${chain} -o ${bridge} -j ACCEPT`,
    ...(jumps ? [] : [`-I FORWARD 1 -j ${chain}`]),
    'COMMIT',
    '',
  ].join('\n');
  await run(['iptables-restore', '-w', '5', '--noflush'], { input: text });
}

/** What the bridge plugin does for single addresses: github.com/containernetworking/plugins pkg/ip/ipmasq_linux.go */
async function masqueradeAll(
  bridge: string,
  { subnet, rules, ledger }: { subnet: string; rules: string; ledger: HostLedger },
): Promise<void> {
  const chain = masqueradeChain(bridge);
  const jump = ['-s', subnet, '-j', chain];
  ledger.record({ kind: 'iptables-chain', table: 'nat', chain });
  ledger.record({ kind: 'iptables-rule', table: 'nat', chain: 'POSTROUTING', rule: jump });
  const text = [
    '*nat',
    `:${chain} - [0:0]`,
    `-A ${chain} -d ${subnet} -j RETURN`,
    `-A ${chain} ! -d ${MULTICAST} -j MASQUERADE`,
    ...(rules.includes(`\n-A POSTROUTING ${jump.join(' ')}\n`) ? [] : [`-A POSTROUTING ${jump.join(' ')}`]),
    'COMMIT',
    '',
  ].join('\n');
  await run(['iptables-restore', '-w', '5', '--noflush'], { input: text });
}
