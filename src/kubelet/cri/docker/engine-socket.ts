// Where the engine that docker's own settings name listens.
import type { Nerdctl } from '../nerdctl/cli.ts';
import { RuntimeError } from '../runtime.ts';

/** Throws RuntimeError for an engine that is not at a UNIX socket. */
export async function engineSocket(docker: Nerdctl): Promise<string> {
  const format = '{{.Endpoints.docker.Host}}';
  const { stdout } = await docker.run('AttachError', ['context', 'inspect', '--format', format]);
  const host = stdout.trim();
  if (host.startsWith('unix://')) return host.slice('unix://'.length);
  throw new RuntimeError('AttachError', `docker's engine is at ${host}: kubectl attach needs one at a UNIX socket`);
}
