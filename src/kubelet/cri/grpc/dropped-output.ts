// containerd that closes the pipes of a container that has ended before it has read them out: the end of the log is lost, up to what
// two pipes hold, whoever asks it to run the container. In its client's task.Delete since before 1.6, mended in 1.6.22 and 1.7.3:
// https://github.com/containerd/containerd/pull/8643

/** By minor version of containerd 1: the first patch version that reads the pipes out. */
const MENDED: Readonly<Record<string, number>> = { 6: 22, 7: 3 };

/** `version` as the runtime tells it, such as `v1.6.20` or `1.6.20~ds1`. */
export function dropsLastOutput({ name, version }: { name: string; version: string }): boolean {
  const [, minor = '', patch] = /^v?1\.(\d+)\.(\d+)/.exec(version) ?? [];
  return name === 'containerd' && Number(patch) < (MENDED[minor] ?? 0);
}
