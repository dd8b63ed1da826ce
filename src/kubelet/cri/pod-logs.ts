// Where containers' logs are, as upstream's kubelet lays them out (pkg/kubelet/kuberuntime/helpers.go and legacy.go), so that what
// collects logs on any Kubernetes finds them here:
//   /var/log/pods/<namespace>_<pod>_<uid>/<container>/<attempt>.log
//   /var/log/containers/<pod>_<namespace>_<container>-<id>.log     a link to it
import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { isMissingFile } from '../../missing-file.ts';
import type { ContainerStatus, Sandbox } from './runtime.ts';

export const DEFAULT_POD_LOGS = '/var/log/pods';
/** With its ".log" and a NUL, what a file system takes. */
const LINK_NAME = 251;

type Pod = Sandbox['pod'];
type Container = Pick<ContainerStatus, 'id' | 'pod' | 'name' | 'logPath'>;

export interface PodLogs {
  readonly root: string;
  readonly links: string;
  folder(pod: Pod): string;
  /** Of a container, relative to the pod's folder. */
  file(container: string, attempt: number): string;
  link(container: Container): void;
  /** Its log with the files it was rotated into, and its link. */
  removeContainer(container: Container): void;
  /** All that is left of its containers' logs, and their links. */
  removePod(pod: Pod): void;
}

export function createPodLogs(root: string): PodLogs {
  const links = path.join(path.dirname(root), 'containers');
  const folder = ({ namespace, name, uid }: Pod) => path.join(root, `${namespace}_${name}_${uid}`);
  const linkOf = ({ id, pod, name }: Container) =>
    path.join(links, `${`${pod.name}_${pod.namespace}_${name}-${id}`.slice(0, LINK_NAME)}.log`);
  return {
    root,
    links,
    folder,
    file: (container, attempt) => path.join(container, `${attempt}.log`),
    link(container) {
      mkdirSync(links, { recursive: true, mode: 0o755 });
      rmSync(linkOf(container), { force: true });
      symlinkSync(container.logPath, linkOf(container));
    },
    removeContainer(container) {
      rmSync(linkOf(container), { force: true });
      const logs = path.dirname(container.logPath);
      const name = path.basename(container.logPath);
      for (const one of namesIn(logs)) {
        if (one === name || one.startsWith(`${name}.`)) rmSync(path.join(logs, one), { force: true });
      }
    },
    removePod(pod) {
      const own = `${folder(pod)}/`;
      for (const name of namesIn(links)) {
        if (!name.startsWith(`${pod.name}_${pod.namespace}_`.slice(0, LINK_NAME))) continue;
        const link = path.join(links, name);
        if (targetOf(link)?.startsWith(own)) rmSync(link, { force: true }); // a pod of this name may be there anew
      }
      rmSync(own, { recursive: true, force: true });
    },
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isMissingFile(error)) return []; // gone with its pod
    throw error;
  }
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch (error) {
    if (['ENOENT', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined; // gone, or no link
    throw error;
  }
}
