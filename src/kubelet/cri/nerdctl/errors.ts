// nerdctl's and runc's words for a failure, matched here and nowhere else.
import { RunError } from '../../../exec.ts';
import { RuntimeError } from '../runtime.ts';

/** Text → the kubelet's reason, first match wins; what matches none keeps the caller's reason. */
const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/invalid reference format/, 'InvalidImageName'],
  [/image not available/, 'ErrImageNeverPull'],
  [/no space left on device/, 'DiskPressure'],
];

const ABSENT = /no such (container|object|image)|image not known|not found|does not exist|no container is found/i;

/** `cause` as a RuntimeError; the message is the program's own words without its log decoration. */
export function runtimeError(reason: string, cause: unknown): RuntimeError {
  if (cause instanceof RuntimeError) return cause;
  if (!(cause instanceof RunError)) return new RuntimeError(reason, (cause as Error).message, cause);
  const message = plainMessage(cause.output) || cause.message;
  const known = REASONS.find(([pattern]) => pattern.test(message));
  return new RuntimeError(known?.[1] ?? reason, message, cause);
}

/** Whether the object that the command named was not there. */
export function isAbsent(error: unknown): boolean {
  const run = error instanceof RuntimeError ? error.cause : error;
  return run instanceof RunError && ABSENT.test(run.output);
}

/** The ids of which `inspect` says that there is nothing; of one that goes while it is looked at containerd says so. */
export function missingObjects(error: unknown): ReadonlySet<string> {
  const told = error instanceof RunError ? plainMessage(error.output) : '';
  const missing = [...told.matchAll(/no such (?:object|container) (\w+)|container "(\w+)"[^,\]]*: not found/g)];
  return new Set(missing.map(([, object, container]) => (object ?? container) as string));
}

/** Whether a signal came too late: the container's process had ended. */
export const hasEnded = (error: unknown): boolean =>
  error instanceof RunError &&
  /container not running|process already finished|does not exist|no such process/.test(error.output);

/** `time="…" level=fatal msg="1 errors:\n…"` → `…`: the last fatal or error line's message. */
export function plainMessage(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const told =
    lines.findLast((line) => line.startsWith('Error response from daemon: ')) ?? // docker's
    lines.findLast((line) => line.startsWith('Error: ')) ?? // podman's, whatever it has logged before
    lines.findLast((line) => /level=(fatal|error) /.test(line)) ??
    lines.at(-1) ??
    '';
  const quoted = /\bmsg=("(?:[^"\\]|\\.)*")/.exec(told)?.[1];
  const text = quoted === undefined ? told : unquote(quoted);
  return text.replace(/^(\d+ errors|Error|Error response from daemon):\s*/, '').trim();
}

function unquote(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1); // a Go escape that JSON lacks
  }
}
