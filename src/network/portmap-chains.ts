// The chains that the portmap plugin makes once and leaves behind. All CNI networks of a host share them, so they go
// only when nobody has a host port any more.
import { RunError, run } from '../exec.ts';

const DNAT = 'CNI-HOSTPORT-DNAT';
const CHAINS = [DNAT, 'CNI-HOSTPORT-MASQ', 'CNI-HOSTPORT-SETMARK'];
const LOCAL = ['-m', 'addrtype', '--dst-type', 'LOCAL', '-j', DNAT];
const JUMPS: readonly (readonly [chain: string, rule: readonly string[]])[] = [
  ['PREROUTING', LOCAL],
  ['OUTPUT', LOCAL],
  ['POSTROUTING', ['-m', 'comment', '--comment', 'CNI portfwd requiring masquerade', '-j', 'CNI-HOSTPORT-MASQ']],
];

const nat = (...args: string[]) => run(['iptables', '-w', '5', '-t', 'nat', ...args]);

/** Removes them unless a host port of some network still needs them; fine when they are not there. */
export async function removePortmapChains(): Promise<void> {
  const { stdout } = await run(['iptables-save', '-t', 'nat']);
  if (!stdout.includes(`\n:${DNAT} `) || stdout.includes(`\n-A ${DNAT} `)) return;
  for (const [chain, rule] of JUMPS) {
    await nat('-D', chain, ...rule).catch((error: unknown) => {
      if (!(error instanceof RunError) || error.exitCode !== 1) throw error; // 1: there is no such rule
    });
  }
  for (const chain of CHAINS.filter((name) => stdout.includes(`\n:${name} `))) {
    await nat('-F', chain);
    await nat('-X', chain);
  }
}
