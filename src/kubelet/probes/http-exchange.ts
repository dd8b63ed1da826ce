// One GET over one connection of its own, as a probe needs it: the status, where it redirects to, and the first of the body.
// A third of what Node's own client costs, which matters at a thousand probes a second (docs/decisions/0030-a-pods-life.md).
// https://www.rfc-editor.org/rfc/rfc9112
import net from 'node:net';
import tls from 'node:tls';

export interface Exchange {
  status: number;
  location?: string;
  body: string;
}

export interface HttpRequest {
  url: URL;
  /** In order; Host is among them. */
  headers: readonly (readonly [name: string, value: string])[];
  signal: AbortSignal;
}

/** Kept of a body; the connection is closed then. */
const MAX_BODY = 10 * 1024;
/** As Go's client takes them. */
const MAX_HEADERS = 1024 * 1024;
const HEADERS_END = '\r\n\r\n';

/** Rejects with the error of the connection, with one of code EOF, or with a text about what came instead of an answer. */
export function exchange({ url, headers, signal }: HttpRequest): Promise<Exchange> {
  const lines = headers.map(([name, value]) => `${name}: ${checked(name, value)}\r\n`);
  const text = `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    const settle = (end: () => void) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      end();
    };
    const fail = (error: Error) => settle(() => reject(error));
    const onAbort = () => fail(signal.reason as Error);
    const look = (isOver: boolean) => {
      try {
        const answer = parse(received, isOver);
        if (answer) settle(() => resolve(answer));
        else if (isOver) fail(Object.assign(new Error('EOF'), { code: 'EOF' }));
      } catch (error) {
        fail(error as Error);
      }
    };
    const socket = connectTo(url, (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      look(false);
    });
    socket.on('end', () => look(true));
    socket.on('error', fail);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.write(text);
  });
}

/** What is read of all connections goes through here, one after another: a socket of its own buffer takes 64 KiB for a read. */
const read = Buffer.allocUnsafeSlow(16 * 1024);

function connectTo(url: URL, took: (chunk: Buffer) => void): net.Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isTls = url.protocol === 'https:';
  const port = Number(url.port || (isTls ? 443 : 80));
  if (!isTls) {
    const callback = (length: number) => {
      took(Buffer.from(read.subarray(0, length)));
      return true;
    };
    return net.connect({ host, port, onread: { buffer: read, callback } });
  }
  const isName = net.isIP(host) === 0;
  const socket = tls.connect({ host, port, rejectUnauthorized: false, ...(isName ? { servername: host } : {}) });
  return socket.on('data', took);
}

function checked(name: string, value: string): string {
  if (/[\r\n\0]/.test(value)) throw new Error(`net/http: invalid header field value for "${name}"`);
  return value;
}

/** undefined: there must be more to come. */
function parse(received: Buffer, isOver: boolean): Exchange | undefined {
  const end = received.indexOf(HEADERS_END);
  if (end < 0) {
    assertBegun(received);
    return undefined;
  }
  const head = received.toString('latin1', 0, end);
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(head)?.[1]);
  if (Number.isNaN(status)) throw malformed(head.split('\r\n')[0] as string);
  const rest = received.subarray(end + HEADERS_END.length);
  if (status < 200 && status !== 101) return parse(rest, isOver); // the answer comes after it
  const length = /\r\ncontent-length:([^\r]*)/i.exec(head)?.[1];
  const coding = /\r\ntransfer-encoding:([^\r]*)/i.exec(head)?.[1]?.trim();
  const location = /\r\nlocation:([^\r]*)/i.exec(head)?.[1]?.trim();
  const body = bodyOf(rest, { length, coding, status, isOver });
  return body === undefined ? undefined : { status, ...(location === undefined ? {} : { location }), body };
}

function assertBegun(received: Buffer): void {
  const begun = received.toString('latin1', 0, 5);
  if (received.length > MAX_HEADERS || !'HTTP/'.startsWith(begun)) {
    throw malformed(received.toString('latin1', 0, 64).split('\n')[0] ?? '');
  }
}

const malformed = (line: string): Error =>
  new Error(`net/http: HTTP/1.x transport connection broken: malformed HTTP response ${JSON.stringify(line.trim())}`);

interface BodyFrame {
  length: string | undefined;
  coding: string | undefined;
  status: number;
  isOver: boolean;
}

function bodyOf(bytes: Buffer, { length, coding, status, isOver }: BodyFrame): string | undefined {
  if (status === 204 || status === 304) return '';
  if (coding?.toLowerCase() === 'chunked') {
    const { text, isWhole } = unchunk(bytes);
    return isWhole || isOver || text.length >= MAX_BODY ? text.slice(0, MAX_BODY) : undefined;
  }
  const wanted = length === undefined ? MAX_BODY : Math.min(MAX_BODY, Number(length));
  return isOver || bytes.length >= wanted ? bytes.toString('utf8', 0, wanted) : undefined;
}

function unchunk(bytes: Buffer): { text: string; isWhole: boolean } {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return { text: Buffer.concat(parts).toString('utf8'), isWhole: size === 0 };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
