// Mounting and unmounting on the host, by the system's own programs. Everything stays under the kubelet's directory.
import { readFile } from 'node:fs/promises';
import { programShell } from '../small-programs.ts';

export interface Mounter {
  tmpfs(target: string, sizeBytes?: number): Promise<void>;
  /** `pageSize` as in hugepages-2Mi. */
  hugetlbfs(target: string, pageSize: string): Promise<void>;
  /** `source` is taken as it is: it may be /proc/PID/fd/N, which must not be resolved. */
  bind(source: string, target: string): Promise<void>;
  unmount(target: string): Promise<void>;
  /** Mount points at or below `directory`, the deepest first. */
  under(directory: string): Promise<string[]>;
}

export const hostMounter: Mounter = {
  async tmpfs(target, sizeBytes) {
    const options = sizeBytes === undefined ? [] : ['-o', `size=${sizeBytes}`];
    await programShell.run(['mount', '-t', 'tmpfs', ...options, 'tmpfs', target]);
  },
  async hugetlbfs(target, pageSize) {
    await programShell.run([
      'mount',
      '-t',
      'hugetlbfs',
      '-o',
      `pagesize=${pageSize.replace('i', '')}`,
      'nodev',
      target,
    ]);
  },
  async bind(source, target) {
    await programShell.run(['mount', '--no-canonicalize', '--bind', source, target]);
  },
  async unmount(target) {
    await programShell.run(['umount', target]).catch(() => programShell.run(['umount', '--lazy', target])); // busy: goes when the last user does
  },
  async under(directory) {
    const table = await readFile('/proc/self/mountinfo', 'utf8');
    return mountPointsUnder(table, directory);
  },
};

/** Of the text of /proc/self/mountinfo; spaces and the like are written there as octal. */
export function mountPointsUnder(table: string, directory: string): string[] {
  return table
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    )
    .filter((point) => point === directory || point.startsWith(`${directory}/`))
    .toReversed();
}
