// All containers of ours as nerdctl tells of them, and containerd where nerdctl's word is doubtful.
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../../clock.ts';
import { run } from '../../../exec.ts';
import { isMissingFile } from '../../../missing-file.ts';
import type { Tasks } from '../containerd/tasks.ts';
import { LABEL_SANDBOX } from '../labels.ts';
import type { ContainerStatus } from '../runtime.ts';
import type { Nerdctl } from './cli.ts';
import { missingObjects, runtimeError } from './errors.ts';
import { type Exit, lifecycleFile, parseContainers, parseLifecycle, sinceStart } from './parse.ts';

/** What is asked of a container that nerdctl finds no task of. */
export interface Evidence {
  tasks: Pick<Tasks, 'state'>;
  clock: Clock;
  /** Of one whose task is gone with its shim. */
  recordedExit(status: ContainerStatus): Exit | undefined;
}

/**
 * All containers of ours in two calls, however many there are, and one more for each that nerdctl finds no task of: it says
 * so of one that never started, of one that lost its task, and of one that it could not look at.
 */
export async function listAllContainers(
  nerdctl: Nerdctl,
  { tasks, clock, recordedExit }: Evidence,
): Promise<ContainerStatus[]> {
  const listed = await listAndInspect(nerdctl);
  return Promise.all(
    listed.map(async (status) => {
      const startedAt = status.state === 'created' ? await lastStart(status) : 0;
      if (startedAt === 0) return status;
      const task = await tasks.state(status.id);
      return sinceStart(status, { startedAt, task, exit: recordedExit(status), at: clock.now() });
    }),
  );
}

/** All containers of ours as the program itself knows them, in two calls. */
export async function listAndInspect(nerdctl: Nerdctl, label = LABEL_SANDBOX): Promise<ContainerStatus[]> {
  const filter = `label=${label}`;
  const { stdout } = await nerdctl.run('ListContainersError', ['ps', '-a', '-q', '--no-trunc', '--filter', filter]);
  const ids = stdout.split('\n').filter(Boolean);
  return inspect(nerdctl, ids);
}

async function lastStart(status: ContainerStatus): Promise<number> {
  const file = lifecycleFile(status);
  try {
    return file === undefined ? 0 : parseLifecycle(await readFile(file, 'utf8'));
  } catch (error) {
    if (isMissingFile(error)) return 0; // it never started
    throw error;
  }
}

/** nerdctl tells of none when it misses one, which was removed meanwhile: it is asked about the others again. */
async function inspect(nerdctl: Nerdctl, ids: readonly string[]): Promise<ContainerStatus[]> {
  if (ids.length === 0) return [];
  try {
    return parseContainers((await run(nerdctl.argv(['inspect', '--type', 'container', ...ids]))).stdout);
  } catch (error) {
    const missing = missingObjects(error);
    const others = ids.filter((id) => !missing.has(id));
    if (others.length < ids.length) return inspect(nerdctl, others);
    throw runtimeError('InspectContainerError', error);
  }
}
