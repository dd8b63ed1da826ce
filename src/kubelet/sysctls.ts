// Kernel settings that a pod may have: those that are safe, and those that the node allows besides
// (pkg/kubelet/sysctl, component-helpers node/util/sysctl). Pure.
import type { PodSpec } from '../api/types/core/v1.ts';

/** All are namespaced in every kernel that this program runs on (4.15 and later). */
const SAFE = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
];

const IPC_NAMES = new Set(
  ['sem', 'shmall', 'shmmax', 'shmmni', 'shm_rmid_forced', 'shm', 'msgmax', 'msgmnb', 'msgmni', 'msg'].map(
    (name) => `kernel.${name}`,
  ),
);

const MAX_LENGTH = 253;
const PATTERN =
  /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*([a-z0-9]([-_a-z0-9]*[a-z0-9])?|[a-z0-9]?([-_a-z0-9]*[a-z0-9])?\*|\*)$/;

/** Of the two ways to write a name the one with dots; the first separator says which way it is. */
export function normalizeSysctl(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  if (first !== '/') return name;
  return name.replace(/[./]/g, (separator) => (separator === '/' ? '.' : '/'));
}

function namespaceOf(name: string): 'IPC' | 'Net' | undefined {
  if (IPC_NAMES.has(name) || name.startsWith('fs.mqueue.')) return 'IPC';
  return name.startsWith('net.') ? 'Net' : undefined;
}

/** Names, or beginnings of names that end in `*`. Throws with a sentence that says what is wrong with one. */
export function checkSysctlPatterns(patterns: readonly string[]): readonly string[] {
  for (const pattern of patterns) {
    if (pattern.length > MAX_LENGTH || !PATTERN.test(pattern)) {
      throw new Error(`${JSON.stringify(pattern)} is no name of a sysctl, and no beginning of one before a "*"`);
    }
    const known = normalizeSysctl(pattern).replace(/\*$/, '');
    if (!namespaceOf(known)) throw new Error(`the sysctls ${JSON.stringify(known)} are not known to be namespaced`);
  }
  return patterns;
}

/** Why the pod may not have a sysctl that it asks for; `allowed` as checkSysctlPatterns takes them. */
export function sysctlRefusal(spec: PodSpec, allowed: readonly string[]): string | undefined {
  const patterns = [...SAFE, ...allowed.map(normalizeSysctl)];
  for (const { name: asked } of spec.securityContext?.sysctls ?? []) {
    const name = normalizeSysctl(asked);
    const isAllowed = patterns.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
    if (!isAllowed) return `forbidden sysctl: ${JSON.stringify(name)} not allowlisted`;
    const namespace = namespaceOf(name);
    const isShared = namespace === 'IPC' ? spec.hostIPC : namespace === 'Net' && spec.hostNetwork;
    if (isShared) return `forbidden sysctl: ${JSON.stringify(name)} not allowed with host ${namespace} enabled`;
  }
  return undefined;
}
