// A program of its own, one per container that has a terminal or an open stdin: reads the container's output as it
// comes, writes the log, and passes it on to everyone attached. It outlives the server, so that output is never
// without a reader. Arguments: the console's folder (console.ts) and the log file. It ends when the output ends.
import { open, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { systemClock } from '../../../clock.ts';
import { createLogFile, type LogFile } from '../../logs/log-file.ts';

/** Bytes that may wait for an attached reader before the container has to wait too. */
const HIGH_WATER = 1024 * 1024;

/** The first byte to whoever attaches: from here on nothing is missed. */
const GREETING = '\0';

interface Source {
  stream: 'stdout' | 'stderr';
  fifo: string;
  socket: string;
}

const [folder, logFile, ...streams] = process.argv.slice(2) as [string, string, ...Source['stream'][]];
const log = createLogFile(logFile, systemClock);
await Promise.all(
  streams.map((stream) =>
    serve({ stream, fifo: path.join(folder, stream), socket: path.join(folder, `${stream}.sock`) }, log),
  ),
);
log.close();

/** Resolves when the container has closed the stream and every reader has all of it. */
async function serve(source: Source, log: LogFile): Promise<void> {
  const readers = new Set<net.Socket>();
  let input: net.Socket | undefined;
  const isHeldUp = () => [...readers].some((reader) => reader.writableLength > HIGH_WATER);
  const resume = () => {
    if (input?.isPaused() && !isHeldUp()) input.resume();
  };
  rmSync(source.socket, { force: true });
  const server = net.createServer((reader) => {
    readers.add(reader);
    reader.on('error', () => reader.destroy()); // it has detached
    reader.on('drain', resume);
    reader.on('close', () => {
      readers.delete(reader);
      resume();
    });
    reader.resume();
    reader.write(GREETING);
  });
  // Before the FIFO is opened: the container only starts once it is, so whoever sees it running can attach.
  await new Promise<void>((resolve) => server.listen(source.socket, resolve));
  input = await openFifo(source.fifo);
  input.on('data', (chunk: Buffer) => {
    log.write(source.stream, chunk);
    for (const reader of readers) reader.write(chunk);
    if (isHeldUp()) input?.pause();
  });
  await new Promise<void>((resolve) => input?.once('close', () => resolve()));
  log.end(source.stream);
  for (const reader of readers) reader.end();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/** Opening waits for the writer, the container's shim. */
function openFifo(file: string): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    open(file, 'r', (error, fd) => (error ? reject(error) : resolve(new net.Socket({ fd, readable: true }))));
  });
}
