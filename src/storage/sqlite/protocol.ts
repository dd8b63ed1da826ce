// What the main thread and the writer thread say to each other. Requests are answered one by one, in any order.
import type {
  CommitTime,
  CommittedAt,
  DriverChange,
  DriverStats,
  Head,
  HeadRow,
  HistoryQuery,
  LogRow,
  Opened,
  PastQuery,
  PastRow,
} from '../driver.ts';
import type { Floor } from '../floors.ts';
import type { Revision } from '../storage.ts';

export interface Requests {
  open: { argument: undefined; answer: Opened & { notices: string[] } };
  commit: { argument: { changes: readonly DriverChange[]; at: CommitTime }; answer: readonly WireResult[] };
  history: { argument: HistoryQuery; answer: LogRow[] };
  past: { argument: PastQuery; answer: PastRow[] };
  countPast: { argument: Omit<PastQuery, 'limit'>; answer: number };
  newestAt: { argument: { after: Revision; upTo: Revision; time: number }; answer: CommittedAt | undefined };
  compact: { argument: { floor: Floor; except: readonly string[] }; answer: undefined };
  stats: { argument: undefined; answer: DriverStats };
  heads: { argument: { after: string; limit: number }; answer: Head[] };
  space: { argument: undefined; answer: { usedBytes: number; roomy: boolean } };
  /** Sends `progress` messages with its id. */
  backup: { argument: string; answer: undefined };
  close: { argument: undefined; answer: undefined };
  /** In place of close, when what was read at open turned out unusable: the files stay as they are. */
  abandon: { argument: undefined; answer: undefined };
}

export type RequestName = keyof Requests;

/** A failure as it crosses the thread border. */
export interface WireFailure {
  /** One sentence for the user. */
  reason: string;
  /** 'no': nothing was stored, later attempts may succeed. 'unknown': the store must be opened anew. */
  outcome: 'no' | 'unknown';
  /** For want of room on the disk. */
  full?: true;
}

export type WireResult = Revision | 'conflict' | WireFailure;

export interface Request<N extends RequestName = RequestName> {
  id: number;
  name: N;
  argument: Requests[N]['argument'];
}

export type Message =
  | { type: 'rows'; rows: HeadRow[] }
  /** Something the user should know, while the store goes on. */
  | { type: 'notice'; text: string }
  | { type: 'full'; failure: WireFailure }
  /** In housework: the store must be opened anew. */
  | { type: 'fatal'; failure: WireFailure }
  /** What reads beside the writer keeps the WAL from being moved. */
  | { type: 'wal-long' }
  | { type: 'progress'; id: number; done: number; total: number }
  | { type: 'answer'; id: number; answer: unknown }
  | { type: 'failure'; id: number; failure: WireFailure };
