// SPDY/3.1 frames as values and as bytes (draft-mbelshe-httpbis-spdy-00, section 2). Header blocks stay compressed
// here: headers.ts has the compression, which belongs to a connection.
export type Frame =
  | { type: 'data'; streamId: number; fin: boolean; data: Buffer }
  | { type: 'syn-stream'; streamId: number; fin: boolean; unidirectional: boolean; block: Buffer }
  | { type: 'syn-reply'; streamId: number; fin: boolean; block: Buffer }
  | { type: 'headers'; streamId: number; fin: boolean; block: Buffer }
  | { type: 'rst-stream'; streamId: number; status: number }
  | { type: 'settings'; values: readonly { id: number; value: number }[] }
  | { type: 'ping'; id: number }
  | { type: 'goaway'; lastStreamId: number; status: number }
  | { type: 'window-update'; streamId: number; delta: number };

/** The peer does not speak SPDY/3; the connection is of no more use. */
export class SpdyProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SpdyProtocolError';
  }
}

export const RST = { protocolError: 1, refused: 3, cancel: 5 } as const;

const VERSION = 3;
const TYPE = {
  'syn-stream': 1,
  'syn-reply': 2,
  'rst-stream': 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  headers: 8,
  'window-update': 9,
} as const;
const FLAG_FIN = 1;
const FLAG_UNIDIRECTIONAL = 2;
const HEAD = 8;
/** Control frames carry a few headers; a longer one is an attack or no SPDY at all. */
const MAX_CONTROL = 64 * 1024;
const ID_BITS = 0x7fffffff;

export function encodeFrame(frame: Frame): Buffer {
  switch (frame.type) {
    case 'data':
      return Buffer.concat([words(frame.streamId, flagsAndLength(finOf(frame), frame.data.length)), frame.data]);
    case 'syn-stream': {
      const flags = finOf(frame) | (frame.unidirectional ? FLAG_UNIDIRECTIONAL : 0);
      // No associated stream, priority and credentials.
      return control(frame.type, flags, Buffer.concat([words(frame.streamId, 0), Buffer.alloc(2), frame.block]));
    }
    case 'syn-reply':
    case 'headers':
      return control(frame.type, finOf(frame), Buffer.concat([words(frame.streamId), frame.block]));
    case 'rst-stream':
      return control(frame.type, 0, words(frame.streamId, frame.status));
    case 'settings':
      return control(
        frame.type,
        0,
        words(frame.values.length, ...frame.values.flatMap(({ id, value }) => [id, value])),
      );
    case 'ping':
      return control(frame.type, 0, words(frame.id));
    case 'goaway':
      return control(frame.type, 0, words(frame.lastStreamId, frame.status));
    case 'window-update':
      return control(frame.type, 0, words(frame.streamId, frame.delta));
  }
}

const finOf = ({ fin }: { fin: boolean }): number => (fin ? FLAG_FIN : 0);

const flagsAndLength = (flags: number, length: number): number => flags * 2 ** 24 + length;

function control(type: keyof typeof TYPE, flags: number, body: Buffer): Buffer {
  const first = (0x8000 + VERSION) * 2 ** 16 + TYPE[type];
  return Buffer.concat([words(first, flagsAndLength(flags, body.length)), body]);
}

function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) buffer.writeUInt32BE(value, i * 4);
  return buffer;
}

/** Takes bytes as they come and gives the frames that are complete; throws SpdyProtocolError. */
export function createFrameReader(): (chunk: Buffer) => Frame[] {
  let waiting: Buffer[] = [];
  let length = 0;
  let needed = HEAD;
  return (chunk) => {
    waiting.push(chunk);
    length += chunk.length;
    const frames: Frame[] = [];
    // Joined only when a frame is complete: a long one would be copied at each of its pieces otherwise.
    if (length < needed) return frames;
    let bytes = waiting.length === 1 ? chunk : Buffer.concat(waiting);
    while (bytes.length >= HEAD) {
      needed = HEAD + lengthOf(bytes);
      if (bytes.length < needed) break;
      const frame = parse(bytes.subarray(0, needed));
      if (frame) frames.push(frame);
      bytes = bytes.subarray(needed);
      needed = HEAD;
    }
    waiting = [bytes];
    length = bytes.length;
    return frames;
  };
}

const isControl = (frame: Buffer): boolean => (frame[0] as number) >= 0x80;

function lengthOf(head: Buffer): number {
  const length = head.readUIntBE(5, 3);
  if (isControl(head)) {
    const version = head.readUInt16BE(0) & 0x7fff;
    if (version !== VERSION) throw new SpdyProtocolError(`SPDY version ${version} is not spoken here, only ${VERSION}`);
    if (length > MAX_CONTROL) throw new SpdyProtocolError(`a control frame of ${length} bytes is too long`);
  }
  return length;
}

/** undefined for frames of a type that is not known: they are ignored (2.2.1). */
function parse(frame: Buffer): Frame | undefined {
  const flags = frame[4] as number;
  const fin = (flags & FLAG_FIN) !== 0;
  const body = frame.subarray(HEAD);
  if (!isControl(frame)) return { type: 'data', streamId: frame.readUInt32BE(0), fin, data: body };
  const word = (index: number): number => {
    if (body.length < (index + 1) * 4) throw new SpdyProtocolError('a control frame is too short');
    return body.readUInt32BE(index * 4);
  };
  switch (frame.readUInt16BE(2)) {
    case TYPE['syn-stream']: {
      const unidirectional = (flags & FLAG_UNIDIRECTIONAL) !== 0;
      return { type: 'syn-stream', streamId: word(0) & ID_BITS, fin, unidirectional, block: body.subarray(10) };
    }
    case TYPE['syn-reply']:
      return { type: 'syn-reply', streamId: word(0) & ID_BITS, fin, block: body.subarray(4) };
    case TYPE.headers:
      return { type: 'headers', streamId: word(0) & ID_BITS, fin, block: body.subarray(4) };
    case TYPE['rst-stream']:
      return { type: 'rst-stream', streamId: word(0) & ID_BITS, status: word(1) };
    case TYPE.settings: {
      const count = word(0);
      if (body.length < 4 + count * 8) throw new SpdyProtocolError('a SETTINGS frame is too short');
      const values = Array.from({ length: count }, (_, i) => ({
        id: word(1 + 2 * i) & 0xffffff,
        value: word(2 + 2 * i),
      }));
      return { type: 'settings', values };
    }
    case TYPE.ping:
      return { type: 'ping', id: word(0) };
    case TYPE.goaway:
      return { type: 'goaway', lastStreamId: word(0) & ID_BITS, status: word(1) };
    case TYPE['window-update']:
      return { type: 'window-update', streamId: word(0) & ID_BITS, delta: word(1) & ID_BITS };
    default:
      return undefined;
  }
}
