// Facts about this host, read once at start; nothing here changes while the host runs but its addresses.
import { readdir, readFile, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ifMissing } from '../../missing-file.ts';
import { processesOf, readKernel } from '../stats/node-usage.ts';

export interface Machine {
  cpus: number;
  memoryBytes: number;
  diskBytes: number;
  /** How many processes and threads the kernel lets there be. */
  maxPids: number;
  /** Of each size that the kernel has: bytes of a page, and of all. */
  hugePages: readonly { size: number; bytes: number }[];
  machineId: string;
  systemUuid: string;
  bootId: string;
  kernelVersion: string;
  osImage: string;
  /** Go's names: amd64, arm64. */
  architecture: string;
}

const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64', arm: 'arm', ppc64: 'ppc64le' };

export async function readMachine(dataDir: string): Promise<Machine> {
  const line = (file: string) =>
    readFile(file, 'utf8').then(
      (text) => text.trim(),
      () => '',
    ); // not on every host
  const [machineId, systemUuid, bootId, release, disk, pages] = await Promise.all([
    line('/etc/machine-id'),
    line('/sys/class/dmi/id/product_uuid'),
    line('/proc/sys/kernel/random/boot_id'),
    line('/etc/os-release'),
    statfs(dataDir),
    hugePages(),
  ]);
  return {
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    diskBytes: disk.blocks * disk.bsize,
    maxPids: processesOf(readKernel).max,
    hugePages: pages,
    machineId,
    systemUuid: systemUuid || machineId,
    bootId,
    kernelVersion: os.release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release)?.[1] ?? 'Linux',
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
  };
}

const HUGE_PAGES = '/sys/kernel/mm/hugepages';

/** https://docs.kernel.org/admin-guide/mm/hugetlbpage.html */
async function hugePages(): Promise<{ size: number; bytes: number }[]> {
  const folders = await readdir(HUGE_PAGES).catch(ifMissing([])); // the kernel has none
  const sizes = folders.flatMap((name) => {
    const kibibytes = /^hugepages-(\d+)kB$/.exec(name)?.[1];
    return kibibytes === undefined ? [] : [{ name, size: Number(kibibytes) * 1024 }];
  });
  return Promise.all(
    sizes.map(async ({ name, size }) => ({
      size,
      bytes: size * Number(await readFile(path.join(HUGE_PAGES, name, 'nr_hugepages'), 'utf8')),
    })),
  );
}
