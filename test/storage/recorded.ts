// What concurrent clients of a store did, as a history that can be judged afterwards: each operation with the moment
// it was called and the moment it was answered, and what it was answered.
import {
  type Revision,
  type Storage,
  type StorageEvent,
  type Watcher,
  WriteConflict,
} from '../../src/storage/storage.ts';
import { pod, textOf } from './objects.ts';

export type Operation =
  | { op: 'put'; key: number; text: number; hesitation: number }
  | { op: 'delete'; key: number; hesitation: number }
  | { op: 'list'; hesitation: number };

interface Span {
  /** Positions in the one order of all calls and answers. */
  called: number;
  answered: number;
  /** The store's revision at either moment. */
  from: Revision;
  to: Revision;
}

export interface Write extends Span {
  key: string;
  expected: Revision;
  /** undefined: a delete. */
  text: string | undefined;
  /** What came of it; `held` is the revision that a conflict named, 0 for nothing. */
  result: { revision: Revision } | { held: Revision };
}

export interface List extends Span {
  revision: Revision;
  entries: { key: string; revision: Revision; text: string | undefined }[];
}

export interface Piece {
  after: Revision;
  events: StorageEvent[];
  /** Position that was promised before each take, with how many events had been taken by then. */
  promises: { position: Revision; taken: number }[];
}

export interface History {
  writes: Write[];
  lists: List[];
  /** Of each watcher the streams it had, one after the other, each from where the one before ended. */
  watches: Piece[][];
}

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** Runs the clients' programs side by side, with watchers that take `pages` events at a time and reconnect each 5th. */
export async function record(
  storage: Storage,
  options: {
    /** Of all keys; nothing is there yet. */
    prefix: string;
    programs: readonly (readonly Operation[])[];
    pages: readonly number[];
  },
): Promise<History> {
  const { prefix, programs, pages } = options;
  const history: History = { writes: [], lists: [], watches: pages.map(() => []) };
  const start = storage.revision;
  let moment = 0;
  let running = programs.length;

  async function write(key: string, text: string | undefined, hesitation: number): Promise<void> {
    const held = storage.get(key);
    if (text === undefined && !held) return;
    const expected = held?.revision ?? 0;
    await turns(hesitation); // others come in between
    const [called, from] = [moment++, storage.revision];
    const settle = (result: Write['result']) =>
      history.writes.push({ called, answered: moment++, from, to: storage.revision, key, expected, text, result });
    const object = pod('x', text);
    try {
      const entry = await storage.write(
        text === undefined
          ? { op: 'delete', key, expected }
          : held
            ? { op: 'update', key, expected, object }
            : { op: 'create', key, object },
      );
      settle({ revision: entry.revision });
    } catch (error) {
      if (!(error instanceof WriteConflict)) throw error;
      settle({ held: error.current?.revision ?? 0 });
    }
  }

  async function client(program: readonly Operation[], id: number): Promise<void> {
    for (const [i, step] of program.entries()) {
      if (step.op === 'list') {
        await turns(step.hesitation);
        const [called, from] = [moment++, storage.revision];
        const { revision, entries } = storage.list(prefix);
        const seen = entries.map((entry) => ({ key: entry.key, revision: entry.revision, text: textOf(entry) }));
        history.lists.push({ called, answered: moment++, from, to: storage.revision, revision, entries: seen });
      } else {
        const text = step.op === 'put' ? `${id}.${i}.${step.text}` : undefined;
        await write(`${prefix}p${step.key}`, text, step.hesitation);
      }
    }
    running -= 1;
  }

  async function watch(page: number, pieces: Piece[]): Promise<void> {
    let after = start;
    let watcher: Watcher = storage.watch(prefix, { after });
    let piece: Piece = { after, events: [], promises: [] };
    pieces.push(piece);
    for (;;) {
      const last = running === 0;
      piece.promises.push({ position: watcher.position, taken: piece.events.length });
      const events = await watcher.take(page);
      piece.events.push(...events);
      if (last && events.length === 0) break;
      if (events.length === 0) await turns(1);
      if (piece.events.length >= 5) {
        // Resumes from the last event, or from what the position promises, in turn.
        after = pieces.length % 2 ? (piece.events.at(-1)?.revision ?? after) : watcher.position;
        watcher.close();
        watcher = storage.watch(prefix, { after });
        piece = { after, events: [], promises: [] };
        pieces.push(piece);
      }
    }
    watcher.close();
  }

  await Promise.all([...programs.map(client), ...pages.map((page, i) => watch(page, history.watches[i]!))]);
  return history;
}
