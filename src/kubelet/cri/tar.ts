// A ustar archive from values: owner 0, time 0, entries in the given order, so that equal input gives equal bytes.

export interface TarEntry {
  /** Ends with a slash for a directory. */
  path: string;
  mode: number;
  content?: Uint8Array;
  /** A symbolic link's target. */
  link?: string;
}

const BLOCK = 512;

export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const size = entry.content?.length ?? 0;
    return [header(entry, size), entry.content ?? Buffer.alloc(0), Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function header(entry: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(entry.path) > 100)
    throw new Error(`${entry.path}: a path of over 100 bytes does not fit a ustar header`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number) =>
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at);
  block.write(entry.path, 0);
  octal(entry.mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write(' '.repeat(8), 148);
  block.write(entry.link !== undefined ? '2' : entry.path.endsWith('/') ? '5' : '0', 156);
  block.write(entry.link ?? '', 157);
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
