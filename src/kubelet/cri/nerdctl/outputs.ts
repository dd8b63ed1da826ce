// The server's side of output-process.ts: has it run, tells it of containers before they start, and hears when all of an ended
// one is in its log. When that program dies, the FIFOs keep what comes; it is started again and told of the containers anew.
import { rmSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from '../../../exec.ts';
import type { Logger } from '../../../log.ts';
import type { LogStream } from '../log-line.ts';
import { RuntimeError } from '../runtime.ts';
import { messageText, type Notice, type OpenRequest, type OutputRequest, onMessages } from './output-messages.ts';

export interface Outputs {
  /** Starts the program when it does not run; what opens first need not wait for that. */
  prepare(): void;
  /** Resolves when whoever writes to the FIFOs has a reader. Rejects with RuntimeError. */
  open(request: OpenRequest): Promise<void>;
  /** These run, as the runtime says: they have a reader from now on, if they had none. */
  adopt(requests: readonly OpenRequest[]): Promise<void>;
  /** Nobody will write any more. */
  forget(id: string): void;
  /** Resolves when all that the container wrote is in its log; at once for one that is not read. */
  ended(id: string): Promise<void>;
  /** What the container writes from now on. Rejects with RuntimeError when it has ended. */
  attach(id: string, stream: LogStream): Promise<net.Socket>;
  /** Leaves the program to the containers that run. */
  close(): void;
}

// Run from source it is a .ts file, from the package a .js one; tsc rewrites imports, but not this.
const PROGRAM = fileURLToPath(
  new URL(`./output-process.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
);
/** It holds a few buffers; a young generation as large as V8 would make it is memory for nothing. */
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=2'];

interface Reading {
  request: OpenRequest;
  ended: PromiseWithResolvers<void>;
}

/** `socket` is where the program listens; its folder exists. */
export function createOutputs({ socket, log }: { socket: string; log: Logger }): Outputs {
  const readings = new Map<string, Reading>();
  const opening = new Map<string, PromiseWithResolvers<void>>();
  let connection: Promise<net.Socket> | undefined;
  let isClosed = false;

  function onNotice(notice: Exclude<Notice, { type: 'reading' }>): void {
    switch (notice.type) {
      case 'opened':
        opening.get(notice.id)?.resolve();
        opening.delete(notice.id);
        break;
      case 'failed':
        opening
          .get(notice.id)
          ?.reject(new RuntimeError('RunContainerError', `its log cannot be written: ${notice.message}`));
        opening.delete(notice.id);
        finish(notice.id);
        break;
      case 'ended':
        finish(notice.id);
        break;
    }
  }

  function finish(id: string): void {
    readings.get(id)?.ended.resolve();
    readings.delete(id);
  }

  /** One connection for all; a new one, with the program started when nobody listens, after the last was lost. */
  function connect(): Promise<net.Socket> {
    // What comes late would start a program that nobody ends.
    if (isClosed) return Promise.reject(new RuntimeError('RunContainerError', 'the runtime driver is stopped'));
    connection ??= (async () => {
      const server = (await dial(socket)) ?? (await startProgram(socket));
      server.on('error', () => server.destroy());
      const begun = Promise.withResolvers<void>();
      server.once('close', () => {
        begun.reject(new RuntimeError('RunContainerError', 'the process that writes the logs of containers has ended'));
        onLost();
      });
      onMessages<Notice>(server, (notice) => {
        if (notice.type === 'reading') {
          for (const { request } of readings.values()) {
            if (!notice.ids.includes(request.id)) server.write(messageText(request));
          }
          begun.resolve();
        } else onNotice(notice);
      });
      server.write(messageText({ type: 'serve' }));
      await begun.promise; // whatever is asked next comes after what it was told anew
      return server;
    })();
    connection.catch(() => {
      connection = undefined; // the next one who needs it tries again
    });
    return connection;
  }

  function onLost(): void {
    connection = undefined;
    if (isClosed || readings.size === 0) return;
    log.warn('the process that writes the logs of containers has ended; starting it again');
    connect().catch((error: unknown) => log.error({ err: error }, 'the logs of containers are not written'));
  }

  function send(request: OutputRequest): void {
    connect().then(
      (server) => server.write(messageText(request)),
      (error: unknown) => {
        if (request.type === 'open') opening.get(request.id)?.reject(error as Error);
      },
    );
  }

  return {
    prepare() {
      connect().catch(() => undefined); // whoever opens hears it
    },
    async open(request) {
      const opened = Promise.withResolvers<void>();
      opening.set(request.id, opened);
      readings.set(request.id, { request, ended: Promise.withResolvers() });
      send(request);
      try {
        await opened.promise;
      } catch (error) {
        readings.delete(request.id);
        throw error;
      }
    },
    async adopt(requests) {
      for (const request of requests) {
        if (!readings.has(request.id)) readings.set(request.id, { request, ended: Promise.withResolvers() });
      }
      if (readings.size > 0) await connect(); // it says what it reads, and is told what it does not
    },
    forget(id) {
      if (readings.has(id) || connection) send({ type: 'forget', id });
      // One that a killed server had it open, which would be waited for without end: but no program is started for that.
      else dial(socket).then((program) => program?.end(messageText({ type: 'forget', id })));
    },
    ended: (id) => readings.get(id)?.ended.promise ?? Promise.resolve(),
    async attach(id, stream) {
      const reader = await dial(socket);
      if (!reader) throw new RuntimeError('AttachError', 'the output of the container has ended');
      reader.write(messageText({ type: 'attach', id, stream }));
      return greeted(reader);
    },
    close() {
      isClosed = true;
      connection?.then((server) => server.end()).catch(() => undefined); // there is none to close
    },
  };
}

/** undefined when nobody listens. */
function dial(socket: string): Promise<net.Socket | undefined> {
  return new Promise((resolve) => {
    const connection = net.connect(socket);
    const refused = () => resolve(undefined);
    connection.once('error', refused);
    connection.once('connect', () => {
      connection.off('error', refused);
      resolve(connection);
    });
  });
}

/** Resolves with a connection once it listens; rejects when it ends instead. */
async function startProgram(socket: string): Promise<net.Socket> {
  rmSync(socket, { force: true });
  const cache = getCompileCacheDir();
  const child = spawn([process.execPath, ...NODE_FLAGS, PROGRAM, socket], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: cache ? { NODE_COMPILE_CACHE: path.dirname(cache) } : {},
  });
  const listens = new Promise<boolean>((resolve) => {
    child.stdout?.once('data', () => resolve(true));
    child.once('exit', () => resolve(false));
    child.once('error', () => resolve(false));
  });
  const connection = (await listens) ? await dial(socket) : undefined;
  child.stdout?.destroy();
  child.unref();
  if (!connection)
    throw new RuntimeError('RunContainerError', 'the process that writes the logs of containers ended at once');
  return connection;
}

/** Resolves when nothing that is written from now on is missed. */
function greeted(reader: net.Socket): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const ended = (cause?: Error) =>
      reject(new RuntimeError('AttachError', 'the output of the container has ended', cause));
    reader.once('error', ended);
    reader.once('end', ended);
    reader.once('readable', () => {
      if (reader.read(1) === null) return; // its end, which is told by itself
      reader.off('error', ended);
      reader.off('end', ended);
      reader.on('error', () => reader.destroy());
      resolve(reader);
    });
  });
}
