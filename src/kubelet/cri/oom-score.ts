// How low an oom_score_adj this process may give to another.
import { readFileSync } from 'node:fs';

/** Bit of /proc/PID/status CapEff. https://man7.org/linux/man-pages/man7/capabilities.7.html */
const CAP_SYS_RESOURCE = 24n;

/** Going below one's own score needs CAP_SYS_RESOURCE, which a container that runs us may lack. */
export function lowestOomScoreAdj(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  if ((effective >> CAP_SYS_RESOURCE) & 1n) return -1000;
  return Number(readFileSync('/proc/self/oom_score_adj', 'utf8'));
}
