// The chain that a CNI plugin makes for each address that it masquerades. It goes with the address, unless the server was
// killed while the plugin ran: then the plugin may end after what it made was given back.
// github.com/containernetworking/plugins pkg/ip/ipmasq_linux.go
import { run } from '../exec.ts';

/** A network of ours: chains of others on the host have another name, or other addresses. */
export interface MasqueradedNetwork {
  network: string;
  subnet: string;
}

/** Removes what is left of them; fine when there is nothing. */
export async function removeMasqueradeChains(of: MasqueradedNetwork): Promise<void> {
  const { stdout } = await run(['iptables-save', '-t', 'nat']);
  const removal = removalOf(stdout, of);
  if (removal !== undefined) await run(['iptables-restore', '-w', '5', '--noflush'], { input: removal });
}

/** What iptables-restore takes to remove them, out of what iptables-save says; undefined: there are none. */
export function removalOf(saved: string, { network, subnet }: MasqueradedNetwork): string | undefined {
  const rules = saved.split('\n').filter((line) => line.startsWith('-A '));
  const mark = `--comment "name: \\"${network}\\" id: `;
  const own = rules.filter(
    (rule) => rule.startsWith('-A CNI-') && rule.includes(` -d ${subnet} `) && rule.includes(mark),
  );
  const chains = [...new Set(own.map((rule) => rule.split(' ')[1] as string))];
  if (chains.length === 0) return undefined;
  const jumps = rules.filter((rule) => chains.some((chain) => rule.endsWith(` -j ${chain}`)));
  return [
    '*nat',
    ...jumps.map((rule) => rule.replace(/^-A/, '-D')),
    ...chains.flatMap((chain) => [`-F ${chain}`, `-X ${chain}`]),
    'COMMIT',
    '',
  ].join('\n');
}
