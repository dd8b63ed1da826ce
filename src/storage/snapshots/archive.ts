// A file packed with zstd, and back. What is packed is known by the size and SHA-256 of the packed bytes.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Transform, type TransformCallback, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress, createZstdDecompress, constants as zlib } from 'node:zlib';
import { ifMissing } from '../../missing-file.ts';

/** Level 3 takes twice the time for a tenth of the size, and that time is taken from a cluster that works. */
const LEVEL = 1;
/** Larger than Node's own: each piece costs a way to another thread and back. */
const PIECE_BYTES = 256 * 1024;
/** What is written is flushed in pieces, so that a commit that is flushed meanwhile waits for one piece at most. */
const FLUSH_BYTES = 1024 * 1024;

export interface Packed {
  bytes: number;
  sha256: string;
}

/** Both in bytes. */
export type ByteProgress = (done: number, total: number) => void;

/** The packed bytes are not those that were told of. */
export class BrokenArchive extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = 'BrokenArchive';
  }
}

/** Packs `from` into the new file `to`, which is on disk when this resolves. */
export async function pack(from: string, to: string, onProgress: ByteProgress): Promise<Packed> {
  const { size } = await stat(from);
  const digest = counter();
  const compress = createZstdCompress({
    params: { [zlib.ZSTD_c_compressionLevel]: LEVEL, [zlib.ZSTD_c_checksumFlag]: 1 },
    pledgedSrcSize: size,
    chunkSize: PIECE_BYTES,
  });
  await flushed(to, (output) => pipeline(reading(from), told(size, onProgress), compress, digest.stream, output));
  return digest.result();
}

/** Unpacks `from` into the new file `to`, which is not flushed; throws BrokenArchive when it is not what `expected` says. */
export async function unpack(
  from: string,
  to: string,
  options: { expected: Packed; onProgress: ByteProgress },
): Promise<void> {
  const { expected, onProgress } = options;
  const size = (await stat(from).catch(ifMissing(undefined)))?.size;
  if (size === undefined) throw new BrokenArchive(`${from} is missing`);
  // Told apart from other damage, because it has a usual reason: a copy or a transfer that was cut short.
  if (size !== expected.bytes) {
    throw new BrokenArchive(`${from} has ${size} bytes where its manifest says ${expected.bytes}`);
  }
  const digest = counter();
  const decompress = createZstdDecompress({ chunkSize: PIECE_BYTES });
  const failed = await pipeline(
    reading(from),
    told(size, onProgress),
    digest.stream,
    decompress,
    createWriteStream(to, { flags: 'wx', mode: 0o600 }),
  ).catch((error: NodeJS.ErrnoException) => {
    if (!error.code?.startsWith('ZSTD')) throw error;
    return error;
  });
  if (failed !== undefined || digest.result().sha256 !== expected.sha256) {
    throw new BrokenArchive(`${from} has other content than its manifest says (SHA-256)`, failed);
  }
}

const reading = (from: string) => createReadStream(from, { highWaterMark: PIECE_BYTES });

/** Passes everything on and counts it. */
function counter(): { stream: Transform; result(): Packed } {
  const hash = createHash('sha256');
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, result: () => ({ bytes, sha256: hash.copy().digest('hex') }) };
}

function told(total: number, onProgress: ByteProgress): Transform {
  let done = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, passed: TransformCallback) {
      done += chunk.length;
      onProgress(done, total);
      passed(null, chunk);
    },
  });
}

/** Gives `fill` a stream into the new file `to`, flushed as it goes and at the end. */
async function flushed(to: string, fill: (output: Writable) => Promise<void>): Promise<void> {
  const file = await open(to, 'wx', 0o600);
  try {
    await fill(flushing(file));
    await file.sync();
  } finally {
    await file.close();
  }
}

function flushing(file: FileHandle): Writable {
  let unflushed = 0;
  const write = async (chunk: Buffer) => {
    await file.writeFile(chunk);
    unflushed += chunk.length;
    if (unflushed < FLUSH_BYTES) return;
    unflushed = 0;
    await file.datasync();
  };
  return new Writable({
    highWaterMark: FLUSH_BYTES,
    write(chunk: Buffer, _encoding, done) {
      write(chunk).then(() => done(), done);
    },
  });
}
