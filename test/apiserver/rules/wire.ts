// Requests and watches over real sockets: HTTP/1.1, HTTP/2, and WebSocket for watches. Bodies are JSON.
import http2 from 'node:http2';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { WebSocket } from 'ws';
import type { KubeObject, ListMeta, Status } from '../../../src/apimachinery/meta.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a rule looks at of any answer: an object, a list or a Status. */
export interface Body extends KubeObject {
  metadata: KubeObject['metadata'] & ListMeta;
  data?: Record<string, string>;
  spec?: Record<string, unknown>;
  status?: unknown;
  items: Body[];
  message?: string;
  reason?: string;
  code?: number;
  details?: Status['details'];
}

export interface Answer {
  code: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  body: Body;
}

export interface Call {
  method: Method;
  path: string;
  body?: unknown;
  contentType?: string;
}

export interface Happening {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: Body;
}

/** A watch whose headers have come. */
export interface Stream {
  readonly headers: Record<string, string | string[] | undefined>;
  /** The text of each event as it came: a line, or a frame. */
  readonly texts: readonly string[];
  /** The next event; undefined when the stream has ended. */
  next(): Promise<Happening | undefined>;
  /** Takes nothing more from the socket until resume(). */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface Wire {
  send(call: Call): Promise<Answer>;
  /** A stream, or the answer when it is refused. */
  watch(path: string): Promise<Stream | Answer>;
  close(): void;
}

export interface WireOptions {
  url: string;
  ca: string;
  token: string;
}

export interface Protocol {
  readonly name: string;
  connect(options: WireOptions): Wire;
}

export const PROTOCOLS: readonly Protocol[] = [
  { name: 'HTTP/1.1', connect: http1Wire },
  { name: 'HTTP/2', connect: http2Wire },
];

/** Requests go over HTTP/1.1; only watches have frames. */
export const WEB_SOCKET: Protocol = { name: 'WebSocket', connect: webSocketWire };

const bytesOf = (call?: Call): string =>
  call?.body === undefined || typeof call.body === 'string' ? (call?.body ?? '') : JSON.stringify(call.body);

/** With the length, which Node does not send by itself with the body of a DELETE. */
const headersOf = ({ token }: WireOptions, call?: Call) => ({
  authorization: `Bearer ${token}`,
  ...(call?.body === undefined
    ? {}
    : {
        'content-type': call.contentType ?? 'application/json',
        'content-length': String(Buffer.byteLength(bytesOf(call))),
      }),
});

async function answerOf(code: number, headers: Answer['headers'], source: Readable): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const body = String(headers['content-type']).startsWith('application/json') ? (JSON.parse(text) as Body) : undefined;
  return { code, headers, text, body: body as Body };
}

/** Events are handed out one at a time, whoever of the two comes first. */
function eventQueue() {
  const texts: string[] = [];
  const waiting: (() => void)[] = [];
  let taken = 0;
  let over = false;
  const wake = () => {
    for (const each of waiting.splice(0)) each();
  };
  return {
    texts,
    push(text: string) {
      texts.push(text);
      wake();
    },
    end() {
      over = true;
      wake();
    },
    async next(): Promise<Happening | undefined> {
      while (taken === texts.length && !over) await new Promise<void>((resolve) => waiting.push(resolve));
      const text = texts[taken];
      if (text === undefined) return undefined;
      taken += 1;
      return JSON.parse(text) as Happening;
    },
  };
}

function streamOf(headers: Answer['headers'], source: Readable, close: () => void): Stream {
  const { texts, push, end, next } = eventQueue();
  let rest = '';
  source.setEncoding('utf8');
  source.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) push(line);
  });
  source.on('end', end);
  source.on('close', end);
  source.on('error', end); // close() ends it that way
  return { headers, texts, next, close, pause: () => source.pause(), resume: () => source.resume() };
}

function http1Wire(options: WireOptions): Wire {
  const agent = new https.Agent({ keepAlive: true, ca: options.ca });
  const open = (call: Call) =>
    new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      const request = https.request(new URL(call.path, options.url), {
        method: call.method,
        headers: headersOf(options, call),
        agent,
      });
      request.on('error', reject);
      request.on('response', resolve);
      request.end(bytesOf(call));
    });
  return {
    async send(call) {
      const response = await open(call);
      return await answerOf(response.statusCode as number, response.headers, response);
    },
    async watch(path) {
      const response = await open({ method: 'GET', path });
      if (response.statusCode !== 200) return await answerOf(response.statusCode as number, response.headers, response);
      return streamOf(response.headers, response, () => response.destroy());
    },
    close: () => agent.destroy(),
  };
}

function http2Wire(options: WireOptions): Wire {
  const session = http2.connect(options.url, { ca: options.ca });
  const open = (call: Call) =>
    new Promise<{ stream: http2.ClientHttp2Stream; headers: http2.IncomingHttpHeaders }>((resolve, reject) => {
      const headers = { ':method': call.method, ':path': call.path, ...headersOf(options, call) };
      const stream = session.request(headers, { endStream: false });
      stream.on('error', reject);
      stream.on('response', (received) => resolve({ stream, headers: received }));
      stream.end(bytesOf(call));
    });
  return {
    async send(call) {
      const { stream, headers } = await open(call);
      return await answerOf(Number(headers[':status']), headers, stream);
    },
    async watch(path) {
      const { stream, headers } = await open({ method: 'GET', path });
      const code = Number(headers[':status']);
      if (code !== 200) return await answerOf(code, headers, stream);
      return streamOf(headers, stream, () => stream.close());
    },
    close: () => session.destroy(),
  };
}

function webSocketWire(options: WireOptions): Wire {
  const http = http1Wire(options);
  return {
    ...http,
    watch: (path) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(new URL(path, options.url.replace('https', 'wss')), {
          ca: options.ca,
          headers: headersOf(options),
        });
        const { texts, push, end, next } = eventQueue();
        socket.on('message', (data) => push(String(data)));
        socket.on('close', end);
        socket.on('error', reject);
        socket.on('unexpected-response', (_request, response) => {
          resolve(answerOf(response.statusCode as number, response.headers, response));
        });
        socket.on('open', () =>
          resolve({
            headers: {},
            texts,
            next,
            close: () => socket.terminate(),
            pause: () => socket.pause(),
            resume: () => socket.resume(),
          }),
        );
      }),
  };
}
