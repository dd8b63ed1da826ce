// A shell script in runc's place, for what nerdctl cannot say: join an IPC namespace by path, have another first group
// than the image's user has, have no groups but those given; and message queues of the host's namespace where the host
// has not mounted them. The first three are annotations in the bundle; a value of a pod cannot
// be mistaken for one, as quotes inside JSON strings are escaped. It also takes nerdctl's hooks out, two processes a container
// that wait for one another: they make networks of nerdctl's, and note the time of a start, which we do ourselves.
import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ANNOTATION_GROUP, ANNOTATION_GROUPS, ANNOTATION_IPC } from '../labels.ts';
import type { ContainerUser } from '../runtime.ts';

const script = (more: string, root: string | undefined): string => `#!/bin/sh
# Written by tsukube; runs runc. See the comments of runc-wrapper.ts.
bundle= previous=
for word; do
  if [ "$previous" = --bundle ]; then bundle=$word; fi
  previous=$word
done
[ -z "$bundle" ] || sed -E -i \\
  ${more}-e 's|("${ANNOTATION_IPC}":"([^"]*)".*)\\{"type":"ipc"\\}|\\1{"type":"ipc","path":"\\2"}|' \\
  -e 's|"gid":[0-9]+,"additionalGids":\\[[0-9]+([,0-9]*)\\](.*"${ANNOTATION_GROUP}":"([0-9]+)")|"gid":\\3,"additionalGids":[\\3\\1]\\2|' \\
  -e 's|"gid":([0-9]+),"additionalGids":\\[[0-9,]*\\](.*"${ANNOTATION_GROUPS}":"([0-9,]*)")|"gid":\\1,"additionalGids":[\\1\\3]\\2|' \\
  "$bundle/config.json"
exec runc ${root === undefined ? '' : `--root '${root}' `}"$@"
`;

/** podman gives limits of its own, which a server without CAP_SYS_RESOURCE may not give; containerd gives none; the umask too is the server's. */
const WITHOUT_LIMITS = `-e 's|,"rlimits":\\[[^]]*\\]||' -e 's|"umask":[0-9]+,("additionalGids")|\\1|' \\
  `;

/** For `--ipc host` nerdctl mounts the host's /dev/mqueue, which not every host has. */
const OWN_MQUEUE = `-e 's|("destination":"/dev/mqueue",)"type":"bind","source":"/dev/mqueue"(,"options":\\[[^]]*\\])?|\\1"type":"mqueue","source":"mqueue","options":["nosuid","noexec","nodev"]|' \\
  `;

/** Annotations, which every container of ours has, follow the hooks. */
const WITHOUT_HOOKS = `-e 's|"hooks":\\{"createRuntime":\\[.*\\]\\},("annotations":)|\\1|' \\
  `;

export interface WrapperOptions {
  hasMqueue?: boolean;
  /** Then the hooks stay: they load the profile that containers run under. */
  hasAppArmor?: boolean;
  /** podman runs it, and keeps runc's state in this folder. */
  podmanRoot?: string;
}

/** Writes the script into `directory` and returns its path; running containers keep using that path. */
export function writeRuncWrapper(
  directory: string,
  {
    hasMqueue = existsSync('/dev/mqueue'),
    hasAppArmor = existsSync('/sys/kernel/security/apparmor'),
    podmanRoot,
  }: WrapperOptions = {},
): string {
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  const file = path.join(directory, 'runc');
  const ofProgram = podmanRoot !== undefined ? WITHOUT_LIMITS : hasAppArmor ? '' : WITHOUT_HOOKS;
  writeFileSync(`${file}.new`, script(`${ofProgram}${hasMqueue ? '' : OWN_MQUEUE}`, podmanRoot));
  chmodSync(`${file}.new`, 0o755);
  renameSync(`${file}.new`, file);
  return file;
}

interface Specification {
  process?: { user?: { uid?: number; gid?: number; additionalGids?: readonly number[] } };
  annotations?: Readonly<Record<string, string>>;
}

/** Whom the wrapper makes runc run the first process as, out of the specification that nerdctl wrote. */
export function userOf(specification: string): ContainerUser {
  const { process: { user = {} } = {}, annotations = {} } = JSON.parse(specification) as Specification;
  const { uid = 0, gid = 0, additionalGids = [] } = user;
  const group = annotations[ANNOTATION_GROUP];
  const only = annotations[ANNOTATION_GROUPS]?.split(',').filter(Boolean).map(Number);
  const first = group === undefined ? gid : Number(group);
  const given = group === undefined ? additionalGids : [first, ...additionalGids.slice(1)];
  return { uid, gid: first, supplementalGroups: only ? [first, ...only] : given };
}
