// Recorded conversations with an upstream v1.36.3 API server: what a scenario holds, and the files they are in.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

export interface Scenario {
  name: string;
  steps: readonly Step[];
}

/** README.md tells what the members mean. */
export interface Step {
  do: Request;
  want: Answer;
  /** Variable → pointer into the answer. */
  keep?: Readonly<Record<string, string>>;
  /** Milliseconds before the request. */
  wait?: number;
  /** Pointer → value; a GET is repeated until it holds. */
  until?: Readonly<Record<string, unknown>>;
  also?: readonly string[];
  pick?: readonly string[];
  keys?: string;
  without?: string;
}

export interface Request {
  method: string;
  path: string;
  type?: string;
  accept?: string;
  body?: unknown;
  /** The body is written in what `type` says: protobuf or CBOR. */
  encode?: boolean;
}

/** An answer, normalised. */
export type Answer = { code: number } & Record<string, unknown>;

/** Not one of these recordings: a sample that is judged without a server. */
const OTHERS = new Set(['api-creations']);

/** Names of the files, without their ending, in order. */
export const recordings = (): string[] =>
  readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.jsonl.gz'))
    .map((file) => file.slice(0, -'.jsonl.gz'.length))
    .filter((name) => !OTHERS.has(name))
    .sort();

export const scenariosOf = (recording: string): Scenario[] =>
  gunzipSync(readFileSync(path.join(import.meta.dirname, `${recording}.jsonl.gz`)))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Scenario);
