// Facts about this host, read once at start; nothing here changes while the host runs but its addresses.
import { readFile, statfs } from 'node:fs/promises';
import os from 'node:os';

export interface Machine {
  hostname: string;
  cpus: number;
  memoryBytes: number;
  diskBytes: number;
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
  const [machineId, systemUuid, bootId, release, disk] = await Promise.all([
    line('/etc/machine-id'),
    line('/sys/class/dmi/id/product_uuid'),
    line('/proc/sys/kernel/random/boot_id'),
    line('/etc/os-release'),
    statfs(dataDir),
  ]);
  return {
    hostname: os.hostname(),
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    diskBytes: disk.blocks * disk.bsize,
    machineId,
    systemUuid: systemUuid || machineId,
    bootId,
    kernelVersion: os.release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release)?.[1] ?? 'Linux',
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
  };
}
