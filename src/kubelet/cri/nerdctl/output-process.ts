// A program of its own, one per cluster: reads the output of all containers as it comes, writes their logs, and passes it on to
// everyone attached. It outlives the server, so that output is never without a reader, and ends when there is no container left
// and no server. Argument: the socket it listens on, where outputs.ts speaks output-messages.ts. docs/decisions/0034-output.md
import { constants, openSync, writeSync } from 'node:fs';
import net from 'node:net';
import { systemClock } from '../../../clock.ts';
import { createLogFile, type LogFile } from '../../logs/log-file.ts';
import type { LogStream } from '../log-line.ts';
import {
  GREETING,
  messageText,
  type Notice,
  type OpenRequest,
  type OutputRequest,
  onMessages,
} from './output-messages.ts';

/** Bytes that may wait for an attached reader before the container has to wait too. */
const HIGH_WATER = 1024 * 1024;
/** A server that started this program and never spoke to it is gone. */
const FIRST_WORD_MS = 30_000;

interface Output {
  input: net.Socket;
  readers: Set<net.Socket>;
}

const [socket] = process.argv.slice(2) as [string];
/** By container. */
const containers = new Map<string, Map<LogStream, Output>>();
const servers = new Set<net.Socket>();

const tell = (notice: Notice, to: Iterable<net.Socket> = servers) => {
  for (const server of to) server.write(messageText(notice));
};

function endWhenDone(): void {
  if (containers.size === 0 && servers.size === 0) process.exit(0);
}

function open({ id, log: file, streams, limits }: OpenRequest): void {
  if (containers.has(id)) return;
  const log = createLogFile(file, systemClock, limits);
  const outputs = new Map<LogStream, Output>();
  containers.set(id, outputs);
  let left = streams.length;
  for (const { stream, fifo } of streams) {
    const output = openOutput(fifo, (chunk) => log.write(stream, chunk));
    outputs.set(stream, output);
    output.input.once('close', () => {
      log.end(stream);
      for (const reader of output.readers) reader.end();
      left -= 1;
      if (left === 0) finish(id, log);
    });
  }
}

function finish(id: string, log: LogFile): void {
  log.close();
  containers.delete(id);
  tell({ type: 'ended', id });
  endWhenDone();
}

/** Does not wait for the container's shim: a FIFO that nobody has written to has not ended. */
function openOutput(fifo: string, write: (chunk: Buffer) => void): Output {
  const input = new net.Socket({ fd: openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK), readable: true });
  const readers = new Set<net.Socket>();
  input.on('data', (chunk: Buffer) => {
    write(chunk);
    for (const reader of readers) reader.write(chunk);
    if (isHeldUp(readers)) input.pause();
  });
  input.on('error', () => input.destroy()); // what was read is written; the shim has the rest
  return { input, readers };
}

const isHeldUp = (readers: ReadonlySet<net.Socket>) =>
  [...readers].some((reader) => reader.writableLength > HIGH_WATER);

/** From the greeting on the reader misses nothing; without one there is nothing to read. */
function attach(output: Output | undefined, reader: net.Socket): void {
  if (!output) {
    reader.end();
    return;
  }
  const { input, readers } = output;
  const resume = () => {
    if (input.isPaused() && !isHeldUp(readers)) input.resume();
  };
  reader.on('drain', resume);
  reader.on('close', () => {
    readers.delete(reader);
    resume();
  });
  reader.write(GREETING);
  readers.add(reader);
}

function serve(connection: net.Socket): void {
  servers.add(connection);
  connection.once('close', () => {
    servers.delete(connection);
    endWhenDone();
  });
  tell({ type: 'reading', ids: [...containers.keys()] }, [connection]);
}

function handle(request: OutputRequest, connection: net.Socket): void {
  switch (request.type) {
    case 'serve':
      serve(connection);
      break;
    case 'open':
      try {
        open(request);
        tell({ type: 'opened', id: request.id }, [connection]);
      } catch (error) {
        tell({ type: 'failed', id: request.id, message: (error as Error).message }, [connection]);
      }
      break;
    case 'forget':
      // Nobody will write: its container did not start.
      for (const { input } of containers.get(request.id)?.values() ?? []) input.destroy();
      break;
    case 'attach':
      attach(containers.get(request.id)?.get(request.stream), connection);
      break;
  }
}

const server = net.createServer((connection) => {
  connection.on('error', () => connection.destroy()); // it has gone
  onMessages<OutputRequest>(connection, (request) => handle(request, connection));
});
server.on('error', () => process.exit(1)); // another one has the socket
server.listen(socket, () => {
  writeSync(1, 'listening\n');
  systemClock.after(FIRST_WORD_MS, endWhenDone);
});
