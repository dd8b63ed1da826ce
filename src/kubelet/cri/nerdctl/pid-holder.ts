// The first process of a shared PID namespace (shareProcessNamespace): a container of ours from a root filesystem
// with one tiny static program, so that no image has to be pulled. It has no rights and reaps what is orphaned.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pauseProgram } from '../pause.ts';
import type { Nerdctl } from './cli.ts';
import { isAbsent } from './errors.ts';
import type { SandboxRecord } from './records.ts';

/** Resolves with the holder's container id; `folder` is the sandbox's own. */
export async function startPidHolder(nerdctl: Nerdctl, sandbox: SandboxRecord, folder: string): Promise<string> {
  const rootfs = writeRootfs(folder);
  const { stdout } = await nerdctl.run('CreatePodSandboxError', [
    'run',
    '--detach',
    '--name',
    holderName(sandbox),
    ...['--network', 'none', '--log-driver', 'none', '--cgroup-parent', `/${sandbox.cgroup}`],
    ...['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', '65535:65535'],
    '--rootfs',
    rootfs,
    '/pause',
  ]);
  return stdout.trim();
}

/** Idempotent; works by name, so that a holder whose start was not recorded goes too. */
export async function removePidHolder(nerdctl: Nerdctl, sandbox: SandboxRecord): Promise<void> {
  if (!sandbox.config.shareProcessNamespace) return;
  await nerdctl.run('StopPodSandboxError', ['rm', '--force', holderName(sandbox)]).catch((error: unknown) => {
    if (!isAbsent(error)) throw error;
  });
}

export const holderName = (sandbox: SandboxRecord) =>
  `k8s_POD_${createHash('sha256').update(sandbox.id).digest('hex').slice(0, 24)}`;

function writeRootfs(directory: string): string {
  const rootfs = path.join(directory, 'pause');
  const file = path.join(rootfs, 'pause');
  if (existsSync(file)) return rootfs;
  mkdirSync(rootfs, { recursive: true, mode: 0o755 });
  writeFileSync(`${file}.new`, pauseProgram(), { mode: 0o755 });
  renameSync(`${file}.new`, file);
  return rootfs;
}
