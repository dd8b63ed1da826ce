// docker's events as those that the table of containers understands, by one `docker events` that lives as long as the server.
import { createInterface } from 'node:readline';
import type { Clock } from '../../../clock.ts';
import { spawn } from '../../../exec.ts';
import { normalizeReference } from '../image-reference.ts';
import type { Nerdctl } from '../nerdctl/cli.ts';
import type { Followed } from '../nerdctl/dialect.ts';
import { RuntimeError } from '../runtime.ts';

/** https://docs.docker.com/reference/cli/docker/system/events/ */
interface DockerEvent {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Readonly<Record<string, string>> };
  timeNano: number;
}

const TOPICS: Readonly<Record<string, string>> = {
  start: '/tasks/start',
  die: '/tasks/exit',
  oom: '/tasks/oom',
  destroy: '/containers/delete',
};

/** After which an image can be run. */
const ARRIVALS = ['pull', 'load', 'tag', 'import'];

export async function followDocker(
  { docker, clock, onEvent, onImage }: Omit<Followed, 'onMissed'> & { docker: Nerdctl; clock: Clock },
  signal: AbortSignal,
  onSubscribed: () => void,
): Promise<void> {
  // What happens from this moment on is told, however long it takes until docker listens.
  const since = (clock.now() / 1000).toFixed(3);
  const filters = ['--filter', 'type=container', '--filter', 'type=image'];
  const child = spawn(docker.argv(['events', '--since', since, '--format', '{{json .}}', ...filters]), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = () => child.kill();
  signal.addEventListener('abort', end, { once: true });
  let complaint = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    complaint = String(chunk);
  });
  createInterface({ input: child.stdout! }).on('line', (line) => tell(JSON.parse(line) as DockerEvent));
  onSubscribed();
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      signal.removeEventListener('abort', end);
      if (signal.aborted) resolve();
      else reject(new RuntimeError('EventsError', `docker tells of no more events: ${complaint.trim()}`));
    });
  });

  function tell({ Type, Action, Actor, timeNano }: DockerEvent): void {
    const topic = TOPICS[Action];
    const { name } = Actor.Attributes;
    if (Type === 'image') onImage(name && ARRIVALS.includes(Action) ? normalizeReference(name) : undefined);
    else if (topic !== undefined) {
      const at = Math.floor(timeNano / 1e6);
      const exitCode = Action === 'die' ? { exitCode: Number(Actor.Attributes.exitCode) } : {};
      onEvent({ topic, containerId: Actor.ID, at, ...exitCode });
    }
  }
}
