// Header blocks of SPDY/3: names and values with their lengths, compressed by one zlib stream for each direction of a
// connection, so that every block depends on those before it and must be read, in order, even when it is not wanted.
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { HEADER_DICTIONARY } from './dictionary.ts';
import { SpdyProtocolError } from './frames.ts';

export type Headers = Readonly<Record<string, string>>;

/** Of one block, uncompressed: what is sent here are a few short headers. */
const MAX_BLOCK = 64 * 1024;

export function encodeHeaders(headers: Headers): Buffer {
  const parts = Object.entries(headers).flatMap(([name, value]) => [text(name.toLowerCase()), text(value)]);
  return Buffer.concat([uint32(parts.length / 2), ...parts]);
}

const text = (value: string): Buffer => Buffer.concat([uint32(Buffer.byteLength(value)), Buffer.from(value)]);

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

/** Several values of one name are left joined by NUL. Throws SpdyProtocolError. */
export function decodeHeaders(block: Buffer): Headers {
  let offset = 0;
  const take = (length: number): Buffer => {
    if (offset + length > block.length) throw new SpdyProtocolError('a header block is too short');
    offset += length;
    return block.subarray(offset - length, offset);
  };
  const takeNumber = (): number => take(4).readUInt32BE();
  const headers = new Map<string, string>();
  for (let count = takeNumber(); count > 0; count--) {
    const name = take(takeNumber()).toString('utf8').toLowerCase();
    headers.set(name, take(takeNumber()).toString('utf8'));
  }
  return Object.fromEntries(headers);
}

export interface HeaderCodec {
  /** Blocks must be given one after the other, each when the one before it is done. */
  compress(headers: Headers): Promise<Buffer>;
  decompress(block: Buffer): Promise<Headers>;
  close(): void;
}

export function createHeaderCodec(): HeaderCodec {
  // The smallest that hold the dictionary: there is little to compress, and many connections.
  const deflate = createDeflate({ dictionary: HEADER_DICTIONARY, windowBits: 11, memLevel: 1 });
  const inflate = createInflate({ dictionary: HEADER_DICTIONARY });
  return {
    compress: (headers) => pass(deflate, encodeHeaders(headers)),
    decompress: async (block) => decodeHeaders(await pass(inflate, block)),
    close() {
      deflate.close();
      inflate.close();
    },
  };
}

function pass(stream: Deflate | Inflate, input: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    const settle = (error: Error | null | undefined) => {
      stream.off('data', onData);
      if (error) reject(new SpdyProtocolError(`a header block cannot be read: ${error.message}`));
      else resolve(Buffer.concat(parts));
    };
    const onData = (part: Buffer) => {
      parts.push(part);
      length += part.length;
      if (length > MAX_BLOCK) stream.destroy(new Error(`it is longer than ${MAX_BLOCK} bytes`));
    };
    stream.on('data', onData);
    stream.once('error', settle); // stays: after an error the connection is over anyway
    stream.write(input);
    stream.flush(constants.Z_SYNC_FLUSH, () => {
      if (stream.destroyed) return;
      stream.off('error', settle);
      settle(undefined);
    });
  });
}
