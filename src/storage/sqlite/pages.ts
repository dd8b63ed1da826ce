// Reads a database file page by page without SQLite, which gives up at the first damaged one: whatever rows can still
// be made out are handed over (sqlite.org/fileformat2.html). Committed pages of the WAL beside it count as its own.
import { closeSync, openSync, readSync, statSync } from 'node:fs';

export type Value = null | number | string | Buffer;

/** One row of some table; which one, its columns have to tell. */
export interface RawRow {
  rowid: number;
  columns: Value[];
}

export interface RawPages {
  /** Rows of tables with a rowid. */
  rows(): Generator<RawRow, void, undefined>;
  /** Rows of indexes and of tables without a rowid. */
  indexRows(): Generator<Value[], void, undefined>;
  /** Pages or rows that were found unreadable so far. */
  unreadable(): number;
  close(): void;
}

const TABLE_LEAF = 0x0d;
const INDEX_LEAF = 0x0a;
const INDEX_INTERIOR = 0x02;
const FILE_HEADER = 100;
/** What our files have; taken when the header is not to be trusted. */
const PAGE_BYTES = 4096;

export function openPages(path: string): RawPages {
  const file = openSync(path, 'r');
  const wal = readWal(`${path}-wal`);
  const read = (page: number): Buffer | undefined => {
    const inWal = wal.get(page);
    if (inWal) return inWal;
    const bytes = Buffer.alloc(PAGE_BYTES);
    return readSync(file, bytes, 0, PAGE_BYTES, (page - 1) * PAGE_BYTES) === PAGE_BYTES ? bytes : undefined;
  };
  const count = Math.max(Math.floor(statSync(path).size / PAGE_BYTES), ...wal.keys(), 0);
  const free = freePages(read, count);
  let unreadable = 0;

  function* pages(type: number): Generator<{ page: Buffer; header: number }, void, undefined> {
    for (let number = 1; number <= count; number++) {
      if (free.has(number)) continue;
      const page = read(number);
      const header = number === 1 ? FILE_HEADER : 0;
      if (page?.[header] === type) yield { page, header };
    }
  }

  function* cells(type: number): Generator<{ rowid: number; columns: Value[] }, void, undefined> {
    for (const { page, header } of pages(type)) {
      const cellCount = page.readUInt16BE(header + 3);
      const pointers = header + (type === INDEX_INTERIOR ? 12 : 8);
      if (pointers + cellCount * 2 > PAGE_BYTES) {
        unreadable++;
        continue;
      }
      for (let i = 0; i < cellCount; i++) {
        try {
          yield readCell(page, page.readUInt16BE(pointers + i * 2), { type, read });
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          unreadable++;
        }
      }
    }
  }

  return {
    rows: () => cells(TABLE_LEAF),
    *indexRows() {
      for (const type of [INDEX_INTERIOR, INDEX_LEAF]) for (const { columns } of cells(type)) yield columns;
    },
    unreadable: () => unreadable,
    close: () => closeSync(file),
  };
}

type ReadPage = (page: number) => Buffer | undefined;

/** Pages that hold nothing any more, as far as their chain can be followed: their old content must not come back. */
function freePages(read: ReadPage, count: number): Set<number> {
  const free = new Set<number>();
  for (let trunk = read(1)?.readUInt32BE(32) ?? 0; trunk > 1 && trunk <= count && !free.has(trunk); ) {
    free.add(trunk);
    const page = read(trunk);
    if (!page) break;
    const leaves = Math.min(page.readUInt32BE(4), PAGE_BYTES / 4 - 2);
    for (let i = 0; i < leaves; i++) free.add(page.readUInt32BE(8 + i * 4));
    trunk = page.readUInt32BE(0);
  }
  return free;
}

/** Throws RangeError when it makes no sense. */
function readCell(page: Buffer, start: number, { type, read }: { type: number; read: ReadPage }): RawRow {
  const size = varint(page, type === INDEX_INTERIOR ? start + 4 : start); // after its left child
  const rowid = type === TABLE_LEAF ? varint(page, size.next) : { value: 0, next: size.next };
  const payload = readPayload(page, { at: rowid.next, bytes: size.value, type, read });
  return { rowid: rowid.value, columns: readRecord(payload) };
}

interface Payload {
  at: number;
  bytes: number;
  type: number;
  read: ReadPage;
}

/** What is too long for its page goes on in a chain of others (1.6 of the format). */
function readPayload(page: Buffer, { at, bytes, type, read }: Payload): Buffer {
  const most = type === TABLE_LEAF ? PAGE_BYTES - 35 : Math.floor(((PAGE_BYTES - 12) * 64) / 255) - 23;
  if (bytes <= most) {
    if (at + bytes > PAGE_BYTES) throw new RangeError('a row beyond its page');
    return page.subarray(at, at + bytes);
  }
  if (bytes > 16 * 1024 * 1024) throw new RangeError('a row of more bytes than were ever stored');
  const least = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;
  const fitting = least + ((bytes - least) % (PAGE_BYTES - 4));
  const here = fitting <= most ? fitting : least;
  const parts = [page.subarray(at, at + here)];
  let next = page.readUInt32BE(at + here);
  for (let left = bytes - here; left > 0; ) {
    const more = next > 1 ? read(next) : undefined;
    if (!more) throw new RangeError('a row whose rest is gone');
    const part = more.subarray(4, 4 + Math.min(left, PAGE_BYTES - 4));
    parts.push(part);
    left -= part.length;
    next = more.readUInt32BE(0);
  }
  return Buffer.concat(parts);
}

function readRecord(payload: Buffer): Value[] {
  const header = varint(payload, 0);
  if (header.value > payload.length || header.value === 0) throw new RangeError('a row without a header');
  const columns: Value[] = [];
  let at = header.value;
  for (let next = header.next; next < header.value; ) {
    const serial = varint(payload, next);
    next = serial.next;
    const [value, bytes] = readColumn(payload, at, serial.value);
    columns.push(value);
    at += bytes;
  }
  return columns;
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

function readColumn(payload: Buffer, at: number, serial: number): [Value, number] {
  if (serial === 0) return [null, 0];
  if (serial === 8 || serial === 9) return [serial - 8, 0];
  if (serial === 6) return [Number(payload.readBigInt64BE(at)), 8];
  if (serial === 7) return [payload.readDoubleBE(at), 8];
  if (serial < 6) {
    const bytes = INTEGER_BYTES[serial] as number;
    return [payload.readIntBE(at, bytes), bytes];
  }
  if (serial < 12) throw new RangeError('a column of no known type');
  const bytes = Math.floor((serial - 12) / 2);
  if (at + bytes > payload.length) throw new RangeError('a column beyond its row');
  const content = payload.subarray(at, at + bytes);
  return [serial % 2 === 0 ? Buffer.from(content) : content.toString('utf8'), bytes];
}

function varint(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes.readUInt8(at + i);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  return { value: value * 256 + bytes.readUInt8(at + 8), next: at + 9 };
}

/** The newest committed content of each page in a WAL (section 4 of the format); stops where SQLite would. */
function readWal(path: string): Map<number, Buffer> {
  const committed = new Map<number, Buffer>();
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size < 32) return committed;
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(32);
    readSync(file, header, 0, 32, 0);
    if (header.readUInt32BE(0) >>> 1 !== 0x377f0682 >>> 1 || header.readUInt32BE(8) !== PAGE_BYTES) return committed;
    const bigEndian = (header.readUInt32BE(0) & 1) === 1;
    let sum = checksum(header.subarray(0, 24), [0, 0], bigEndian);
    let pending = new Map<number, Buffer>();
    const frame = Buffer.alloc(24);
    for (let at = 32; at + 24 + PAGE_BYTES <= size; at += 24 + PAGE_BYTES) {
      const page = Buffer.alloc(PAGE_BYTES);
      readSync(file, frame, 0, 24, at);
      readSync(file, page, 0, PAGE_BYTES, at + 24);
      if (!frame.subarray(8, 16).equals(header.subarray(16, 24))) break;
      sum = checksum(page, checksum(frame.subarray(0, 8), sum, bigEndian), bigEndian);
      if (frame.readUInt32BE(16) !== sum[0] || frame.readUInt32BE(20) !== sum[1]) break;
      pending.set(frame.readUInt32BE(0), page);
      if (frame.readUInt32BE(4) === 0) continue;
      for (const [number, content] of pending) committed.set(number, content);
      pending = new Map();
    }
  } finally {
    closeSync(file);
  }
  return committed;
}

type Sum = readonly [number, number];

function checksum(bytes: Buffer, [a, b]: Sum, bigEndian: boolean): Sum {
  let [s0, s1] = [a, b];
  for (let i = 0; i < bytes.length; i += 8) {
    s0 = (s0 + (bigEndian ? bytes.readUInt32BE(i) : bytes.readUInt32LE(i)) + s1) >>> 0;
    s1 = (s1 + (bigEndian ? bytes.readUInt32BE(i + 4) : bytes.readUInt32LE(i + 4)) + s0) >>> 0;
  }
  return [s0, s1];
}
