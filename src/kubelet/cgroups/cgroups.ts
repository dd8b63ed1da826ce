// Control groups of this host, cgroup v1 or v2: made, set, read and removed. A group is a path below every hierarchy's
// root, `/kubepods/burstable/pod<uid>`. Files of the kernel are read and written at once: they are never slow.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type CgroupFile, type CgroupSettings, type CgroupVersion, filesOf } from './settings.ts';
import { type Account, type CgroupUsage, usageOf } from './usage.ts';

export interface Cgroups {
  readonly version: CgroupVersion;
  exists(cgroup: string): boolean;
  /** Makes the group where it is not there, with its parents, and sets it. Throws CgroupError. */
  put(cgroup: string, settings: CgroupSettings): void;
  /** Removes the group and the groups in it; nothing may run in them. Fine when it is gone. Throws CgroupError. */
  remove(cgroup: string): void;
  /** undefined: there is no such group. */
  usage(cgroup: string): CgroupUsage | undefined;
  /** Process ids in the group and the groups below it. */
  processes(cgroup: string): number[];
  /** Names of the groups right below it. */
  children(cgroup: string): string[];
  /** Text of one of the group's files; undefined when it is not there. `controller` says where it is in v1. */
  read(controller: string, cgroup: string, name: string): string | undefined;
  /** Its place, to be watched. */
  file(controller: string, cgroup: string, name: string): string;
}

export class CgroupError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'CgroupError';
  }
}

export const CGROUP_ROOT = '/sys/fs/cgroup';

/** https://man7.org/linux/man-pages/man2/statfs.2.html */
const CGROUP2_SUPER_MAGIC = 0x63677270;

/** The controllers that this program sets; a runtime adds those that it wants below. */
const CONTROLLERS = ['cpu', 'cpuacct', 'memory', 'pids'] as const;

export const cgroupVersion = (root = CGROUP_ROOT): CgroupVersion =>
  statfsSync(root).type === CGROUP2_SUPER_MAGIC ? 2 : 1;

/** `root` and `version` are for tests; the host's own by default. */
export function openCgroups(root = CGROUP_ROOT, version: CgroupVersion = cgroupVersion(root)): Cgroups {
  const folder = (controller: string, cgroup: string) =>
    version === 2 ? path.join(root, cgroup) : path.join(root, controller, cgroup);
  const mounted: ReadonlySet<string> = new Set(
    CONTROLLERS.filter((controller) => version === 2 || existsSync(path.join(root, controller))),
  );
  const folders = (cgroup: string) => [...new Set([...mounted].map((controller) => folder(controller, cgroup)))];

  const write = (cgroup: string, { controller, name, value }: CgroupFile) => {
    const file = path.join(folder(controller, cgroup), name);
    try {
      writeFileSync(file, value);
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new CgroupError(`cgroup ${cgroup}: ${name} could not be set to ${value}: ${reason}`, cause);
    }
  };

  /** In v2 a controller is there only where the parent hands it on. */
  const enable = (parent: string) => {
    const wanted = readFileSync(path.join(root, parent, 'cgroup.controllers'), 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean);
    const control = path.join(root, parent, 'cgroup.subtree_control');
    const given = new Set(readFileSync(control, 'utf8').trim().split(' '));
    for (const controller of wanted.filter((name) => !given.has(name))) {
      try {
        writeFileSync(control, `+${controller}`);
      } catch {
        // one that this host uses otherwise; where it is needed, setting it says so
      }
    }
  };

  const make = (cgroup: string) => {
    try {
      if (version === 1) {
        for (const one of folders(cgroup)) mkdirSync(one, { recursive: true });
        return;
      }
      let parent = '/';
      for (const name of cgroup.split('/').filter(Boolean)) {
        enable(parent);
        parent = path.join(parent, name);
        mkdirSync(path.join(root, parent), { recursive: true });
      }
    } catch (cause) {
      throw new CgroupError(`cgroup ${cgroup} could not be made: ${(cause as Error).message}`, cause);
    }
  };

  return {
    version,
    exists: (cgroup) => folders(cgroup).every((one) => existsSync(one)),
    put(cgroup, settings) {
      make(cgroup);
      for (const file of filesOf(settings, version)) if (mounted.has(file.controller)) write(cgroup, file);
    },
    remove(cgroup) {
      // v1 has hierarchies that others made below this group: named ones, and v2's beside them
      const all = version === 2 ? folders(cgroup) : namesOfFolders(root).map((name) => path.join(root, name, cgroup));
      try {
        for (const one of all) removeTree(one);
      } catch (cause) {
        throw new CgroupError(`cgroup ${cgroup} is still in use: ${(cause as Error).message}`, cause);
      }
    },
    usage: (cgroup) => usageOf((account: Account, file) => textOf(path.join(folder(account, cgroup), file)), version),
    read: (controller, cgroup, name) => textOf(path.join(folder(controller, cgroup), name)),
    processes: (cgroup) => processesOf(folders(cgroup)[0] as string),
    children: (cgroup) => [...new Set(folders(cgroup).flatMap(namesOfFolders))],
    file: (controller, cgroup, name) => path.join(folder(controller, cgroup), name),
  };
}

function namesOfFolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

function processesOf(folder: string): number[] {
  const own = textOf(path.join(folder, 'cgroup.procs')) ?? '';
  return [
    ...own.split('\n').filter(Boolean).map(Number),
    ...namesOfFolders(folder).flatMap((name) => processesOf(path.join(folder, name))),
  ];
}

function removeTree(folder: string): void {
  for (const name of namesOfFolders(folder)) removeTree(path.join(folder, name));
  if (existsSync(folder)) rmdirSync(folder);
}

/** A group may go at any moment: its files answer that they, or their device, are gone. Pressure can be switched off. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'ENOTSUP') return undefined;
    throw error;
  }
}
