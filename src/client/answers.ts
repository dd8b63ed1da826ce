// Answers as bytes, read: one JSON document, or one a line; and what a refusal becomes.
import type { Status } from '../apimachinery/meta.ts';
import { StatusError } from '../apimachinery/status-error.ts';
import { TransportError } from './client.ts';

/** The lines of a stream that hold something. */
export async function* lines(body: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() as string;
    for (const line of parts) if (line.trim()) yield line;
  }
  if (rest.trim()) yield rest;
}

/** `server` is named in the error when `text` is no JSON. */
export function parseAnswer<T>(text: string, server: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new TransportError(`${server} answered with something that is not JSON: ${text.slice(0, 200)}`, cause);
  }
}

/** The Status in the body; what else may stand between (a proxy's page) becomes one. */
export function answeredError(code: number, text: string): StatusError {
  try {
    const body = JSON.parse(text) as Status;
    if (body.kind === 'Status') return new StatusError({ ...body, code: body.code ?? code });
  } catch {
    // Not JSON: told below as it came.
  }
  return new StatusError({ code, reason: 'Unknown', message: text.trim() || `the server answered ${code}` });
}
