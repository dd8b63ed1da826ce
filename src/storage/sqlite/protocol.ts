// What the main thread and the writer thread say to each other. Requests are answered one by one, in any order.
import type { DriverChange, HeadRow, HistoryQuery, LogRow } from '../driver.ts';
import type { Revision } from '../storage.ts';

export interface Requests {
  open: { argument: undefined; answer: { revision: Revision; compactRevision: Revision; notices: string[] } };
  commit: { argument: readonly DriverChange[]; answer: readonly WireResult[] };
  history: { argument: HistoryQuery; answer: LogRow[] };
  compact: { argument: Revision; answer: undefined };
  stats: { argument: undefined; answer: { bytes: number; walBytes: number } };
  close: { argument: undefined; answer: undefined };
}

export type RequestName = keyof Requests;

/** A failure as it crosses the thread border. */
export interface WireFailure {
  /** One sentence for the user. */
  reason: string;
  /** 'no': nothing was stored, later attempts may succeed. 'unknown': the store must be opened anew. */
  outcome: 'no' | 'unknown';
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
  | { type: 'answer'; id: number; answer: unknown }
  | { type: 'failure'; id: number; failure: WireFailure };
