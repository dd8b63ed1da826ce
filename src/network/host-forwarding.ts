// What the host itself must allow before pods reach each other and the world: forwarding, bridged packets through
// iptables (a Service's answer has to be translated back), and a FORWARD chain that accepts the bridge's packets.
import { existsSync } from 'node:fs';
import { run } from '../exec.ts';
import type { Logger } from '../log.ts';
import type { NetworkList } from './conflist.ts';
import { type HostLedger, readSysctl, sysctlFile, writeSysctl } from './host-ledger.ts';

/** One chain a bridge, so that two instances on a host leave each other alone; at most 28 characters. */
export const forwardChain = (bridge: string): string => `TSUKUBE-FWD-${bridge}`;

const SYSCTLS = ['net.ipv4.ip_forward', 'net.bridge.bridge-nf-call-iptables'] as const;

/** Idempotent. Every change is in the ledger before it is made; the default bridge itself is recorded as well. */
export async function prepareHost(list: NetworkList, ledger: HostLedger, log: Logger): Promise<void> {
  for (const name of SYSCTLS) setSysctl(name, ledger, log);
  const bridges = list.plugins.filter((p) => p.type === 'bridge').map((p) => String(p.bridge ?? 'cni0'));
  for (const name of bridges) if (!existsSync(`/sys/class/net/${name}`)) ledger.record({ kind: 'link', name });
  const { stdout: rules } = await run(['iptables-save']);
  if (list.plugins.some(({ type }) => type === 'portmap')) ledger.record({ kind: 'portmap-chains' });
  for (const subnet of masqueraded(list)) ledger.record({ kind: 'masquerade-chains', network: list.name, subnet });
  for (const name of bridges) await acceptForwarding(name, rules, ledger);
}

/** Ranges of addresses that plugins make a chain of NAT for. */
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
