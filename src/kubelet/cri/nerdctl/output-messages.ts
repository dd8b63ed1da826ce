// What outputs.ts and output-process.ts say to each other: a line of JSON each, except that an attached reader gets bytes.
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import type { LogLimits } from '../../logs/log-file.ts';
import type { LogStream } from '../log-line.ts';

export interface OpenRequest {
  type: 'open';
  /** Of the container; anything that tells it from others. */
  id: string;
  log: string;
  limits: LogLimits;
  streams: readonly { stream: LogStream; fifo: string }[];
}

export type OutputRequest =
  /** First, from a server: it is told what ends from now on. */
  | { type: 'serve' }
  | OpenRequest
  | { type: 'forget'; id: string }
  /** The connection becomes the stream's: GREETING, then what the container writes. */
  | { type: 'attach'; id: string; stream: LogStream };

export type Notice =
  | { type: 'reading'; ids: readonly string[] }
  | { type: 'opened'; id: string }
  | { type: 'failed'; id: string; message: string }
  /** All that the container wrote is in its log. */
  | { type: 'ended'; id: string };

export const GREETING = '\0';

/** Calls `onMessage` for each line of JSON that arrives. */
export function onMessages<T>(connection: Socket, onMessage: (message: T) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  connection.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) onMessage(JSON.parse(line) as T);
  });
}

export const messageText = (message: OutputRequest | Notice): string => `${JSON.stringify(message)}\n`;
