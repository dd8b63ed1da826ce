// nerdctl's logger: one process a container, started by the shim with CONTAINER_ID in its environment. It ends with
// the container, except when the container could not be started: then it waits for ever, and is ended here.
import { readdirSync, readFileSync } from 'node:fs';

const LOGGER_ARGUMENT = '_NERDCTL_INTERNAL_LOGGING';

/** Ends the logger of a container whose start failed; fine when there is none. */
export function endLogger(containerId: string): void {
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid) || !read(`/proc/${pid}/cmdline`).includes(`\0${LOGGER_ARGUMENT}\0`)) continue;
    if (read(`/proc/${pid}/environ`).split('\0').includes(`CONTAINER_ID=${containerId}`)) kill(Number(pid));
  }
}

/** '' for a process that has ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
