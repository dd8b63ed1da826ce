// What a control group is set to, as files to write: cgroup v1 keeps them by controller, v2 in one folder
// (opencontainers/cgroups fs and fs2, pkg/kubelet/cm/cgroup_v{1,2}_manager_linux.go). Pure.

export type CgroupVersion = 1 | 2;

/** A field that is not there stays as it is. */
export interface CgroupSettings {
  cpuShares?: number;
  /** Microseconds per 100 ms period; -1 takes the limit away. */
  cpuQuota?: number;
  /** -1 takes the limit away. */
  memoryLimitBytes?: number;
  /** -1 takes the limit away. */
  pidsLimit?: number;
}

export interface CgroupFile {
  controller: 'cpu' | 'memory' | 'pids';
  name: string;
  value: string;
}

export const CPU_PERIOD = 100_000;

const MIN_SHARES = 2;
const MAX_SHARES = 262_144;

/** So that 2, 1024 and 262144 shares are the weights 1, 100 and 10000 (opencontainers/cgroups, utils.go). */
export function cpuWeight(shares: number): number {
  if (shares <= MIN_SHARES) return 1;
  if (shares >= MAX_SHARES) return 10_000;
  const l = Math.log2(shares);
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}

export function filesOf(settings: CgroupSettings, version: CgroupVersion): CgroupFile[] {
  return version === 1 ? filesOfV1(settings) : filesOfV2(settings);
}

function filesOfV1({ cpuShares, cpuQuota, memoryLimitBytes, pidsLimit }: CgroupSettings): CgroupFile[] {
  return [
    ...(cpuShares === undefined ? [] : [file('cpu', 'cpu.shares', cpuShares)]),
    ...(cpuQuota === undefined
      ? []
      : [file('cpu', 'cpu.cfs_period_us', CPU_PERIOD), file('cpu', 'cpu.cfs_quota_us', cpuQuota)]),
    ...(memoryLimitBytes === undefined ? [] : [file('memory', 'memory.limit_in_bytes', memoryLimitBytes)]),
    ...(pidsLimit === undefined ? [] : [file('pids', 'pids.max', orMax(pidsLimit))]),
  ];
}

function filesOfV2({ cpuShares, cpuQuota, memoryLimitBytes, pidsLimit }: CgroupSettings): CgroupFile[] {
  return [
    ...(cpuShares === undefined ? [] : [file('cpu', 'cpu.weight', cpuWeight(cpuShares))]),
    ...(cpuQuota === undefined ? [] : [file('cpu', 'cpu.max', `${orMax(cpuQuota)} ${CPU_PERIOD}`)]),
    ...(memoryLimitBytes === undefined ? [] : [file('memory', 'memory.max', orMax(memoryLimitBytes))]),
    ...(pidsLimit === undefined ? [] : [file('pids', 'pids.max', orMax(pidsLimit))]),
  ];
}

const file = (controller: CgroupFile['controller'], name: string, value: number | string): CgroupFile => ({
  controller,
  name,
  value: String(value),
});

const orMax = (limit: number): number | 'max' => (limit < 0 ? 'max' : limit);
