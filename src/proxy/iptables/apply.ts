// Puts rules into the kernel with iptables-restore, atomically per table, and takes all of ours out again.
import { type RunResult, run } from '../../exec.ts';
import type { ServicePort } from '../service-ports.ts';
import { jumps, type RuleOptions, renderRules } from './rules.ts';

const TABLES = ['nat', 'filter'] as const;
/** Seconds to wait for another program that holds the tables. */
const WAIT = ['-w', '5'];

/** Chains of ours that the kernel has, by table. */
async function existingChains(prefix: string): Promise<{ nat: string[]; filter: string[] }> {
  const [nat, filter] = await Promise.all(
    TABLES.map(async (table) => {
      const { stdout } = await run(['iptables-save', '-t', table]);
      return stdout
        .split('\n')
        .filter((line) => line.startsWith(`:${prefix}-`))
        .map((line) => line.slice(1).split(' ')[0] as string);
    }),
  );
  return { nat: nat as string[], filter: filter as string[] };
}

/** Replaces all rules of ours. Rejects with RunError; the kernel then keeps what it had in the failing table. */
export async function applyRules(
  ports: readonly ServicePort[],
  options: Required<Pick<RuleOptions, 'prefix' | 'clusterCidr'>>,
): Promise<void> {
  const text = renderRules(ports, { ...options, existing: await existingChains(options.prefix) });
  await run(['iptables-restore', ...WAIT, '--noflush'], { input: text });
}

/** Puts our jumps before everything else in the kernel's chains, each once. */
export async function ensureJumps(prefix: string): Promise<void> {
  for (const { table, chain, rule } of jumps(prefix).toReversed()) {
    if (!(await exists(table, chain, rule))) await run(['iptables', ...WAIT, '-t', table, '-I', chain, '1', ...rule]);
  }
}

/** Takes out every rule and chain of ours; what is not there is no error. */
export async function removeRules(prefix: string): Promise<void> {
  for (const { table, chain, rule } of jumps(prefix)) {
    while (await exists(table, chain, rule)) await run(['iptables', ...WAIT, '-t', table, '-D', chain, ...rule]);
  }
  const chains = await existingChains(prefix);
  const lines = TABLES.flatMap((table) => [
    `*${table}`,
    ...chains[table].map((chain) => `:${chain} - [0:0]`),
    ...chains[table].map((chain) => `-X ${chain}`),
    'COMMIT',
  ]);
  await run(['iptables-restore', ...WAIT, '--noflush'], { input: `${lines.join('\n')}\n` });
}

/** `iptables -C` answers by its exit code: 1 for "no such rule". */
async function exists(table: string, chain: string, rule: readonly string[]): Promise<boolean> {
  return run(['iptables', ...WAIT, '-t', table, '-C', chain, ...rule]).then(
    (_: RunResult) => true,
    (error: { exitCode?: number }) => {
      if (error.exitCode === 1 || error.exitCode === 2) return false; // 2: the chain jumped to does not exist yet
      throw error;
    },
  );
}
