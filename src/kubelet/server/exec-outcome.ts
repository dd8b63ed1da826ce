// How an exec ended, in the words that clients read, and the size of a terminal as they tell it.
import { RuntimeError } from '../cri/runtime.ts';

/** {"Width":80,"Height":24}; anything else is not a size. */
export function parseSize(text: string): { columns: number; rows: number } | undefined {
  try {
    const { Width, Height } = JSON.parse(text) as { Width?: unknown; Height?: unknown };
    return typeof Width === 'number' && typeof Height === 'number' ? { columns: Width, rows: Height } : undefined;
  } catch {
    return undefined;
  }
}

export const exitMessage = (code: number): string => `command terminated with non-zero exit code: exit status ${code}`;

/** Client programs read the exit code from the cause (client-go remotecommand/errorstream.go). */
export const exitStatus = (code: number): object =>
  code === 0
    ? { metadata: {}, status: 'Success' }
    : {
        metadata: {},
        status: 'Failure',
        message: exitMessage(code),
        reason: 'NonZeroExitCode',
        details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
      };

export function failureStatus(error: unknown) {
  const { message } = error as Error;
  const told = error instanceof RuntimeError ? `error executing command in container: ${message}` : message;
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${told}`,
    reason: 'InternalError',
    details: { causes: [{ message: told }] },
    code: 500,
  };
}
