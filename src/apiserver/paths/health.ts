// /healthz, /livez and /readyz: named checks, each also under a path of its own, as
// k8s.io/apiserver/pkg/server/healthz answers.
import type { ApiResult } from '../request.ts';
import { type PathCall, type PathHandler, plainNotFound } from './path-table.ts';

export interface HealthCheck {
  readonly name: string;
  /** Rejects or throws when it is not well; the message goes to the log, not to the client. */
  check(): void | Promise<void>;
}

export interface HealthOptions {
  checks: readonly HealthCheck[];
  /** Told of each check that an answer of all of them is made of. */
  observe(check: string, ok: boolean): void;
}

export function healthHandler(root: string, options: HealthOptions): PathHandler {
  return async (call) => {
    const rest = call.info.path.slice(root.length);
    if (rest === '') return await answerAll(root, call, options);
    const one = options.checks.find(({ name }) => `/${name}` === rest);
    if (!one) return plainNotFound();
    const failed = await fails(one);
    return text(failed ? 500 : 200, failed ? `internal server error: ${failed}` : 'ok');
  };
}

async function answerAll(root: string, { request }: PathCall, { checks, observe }: HealthOptions): Promise<ApiResult> {
  const excluded = new Set(request.query.getAll('exclude'));
  const lines: string[] = [];
  let failed = false;
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
      continue;
    }
    const problem = await fails(check);
    observe(check.name, problem === undefined);
    if (problem !== undefined) failed = true;
    lines.push(problem === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`);
  }
  if (excluded.size > 0) {
    const names = [...excluded].map((name) => JSON.stringify(name)).join(', ');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  const name = root.slice(1);
  if (failed) return text(500, [...lines, `${name} check failed`, ''].join('\n'));
  return text(200, request.query.has('verbose') ? [...lines, `${name} check passed`, ''].join('\n') : 'ok');
}

async function fails({ check }: HealthCheck): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const text = (status: number, body: string): ApiResult => ({
  type: 'raw',
  status,
  contentType: 'text/plain; charset=utf-8',
  body,
  headers: { 'x-content-type-options': 'nosniff' },
});
