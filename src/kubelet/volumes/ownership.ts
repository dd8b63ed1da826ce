// Whom a pod's volume belongs to: fsGroup and its change policy (pkg/volume/volume_linux.go).
import { chmod, lchown, lstat, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Pod, PodSecurityContext } from '../../api/types/core/v1.ts';
import { allContainers, specOf } from '../pod-record.ts';

const READ_WRITE = 0o660;
const READ_ONLY = 0o440;
const EXECUTE = 0o110;
const SET_GROUP_ID = 0o2000;

export const fsGroupOf = (pod: Pod): number | undefined => specOf(pod).securityContext?.fsGroup;

/** The user that all containers of the pod run as; undefined when one does not say or they differ (util.FsUserFrom). */
export function fsUserOf(pod: Pod): number | undefined {
  const spec = specOf(pod);
  const users = new Set(
    allContainers(spec).map((c) => c.securityContext?.runAsUser ?? spec.securityContext?.runAsUser),
  );
  return users.size === 1 ? [...users][0] : undefined;
}

/** Everything below `directory` and itself, the deepest first; what a link points to is left alone. */
export async function giveToGroup(
  directory: string,
  group: number,
  options: { readOnly: boolean; policy?: PodSecurityContext['fsGroupChangePolicy'] },
): Promise<void> {
  const mask = options.readOnly ? READ_ONLY : READ_WRITE;
  if (options.policy === 'OnRootMismatch' && (await isGiven(directory, group, mask))) return;
  await give(directory, group, mask);
}

async function give(place: string, group: number, mask: number): Promise<void> {
  const stats = await lstat(place);
  if (stats.isDirectory()) for (const name of await readdir(place)) await give(path.join(place, name), group, mask);
  await lchown(place, stats.uid, group);
  if (stats.isSymbolicLink()) return;
  const own = stats.isDirectory() ? mask | EXECUTE | SET_GROUP_ID : mask;
  await chmod(place, (stats.mode & 0o7777) | own);
}

/** Whether the folder itself is as it would be made: then the policy takes the rest for granted. */
async function isGiven(directory: string, group: number, mask: number): Promise<boolean> {
  const stats = await stat(directory);
  const wanted = mask | EXECUTE | SET_GROUP_ID;
  return stats.isDirectory() && stats.gid === group && (stats.mode & wanted) === wanted;
}
