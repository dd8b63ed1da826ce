// A moment as the command line takes it: a revision (42), how long ago (10m, -1h30m, 2d), or a time of RFC 3339. Pure.
import { PointInTimeError, parsePointInTime } from '../apimachinery/point-in-time.ts';

export type Moment =
  | { readonly kind: 'revision'; readonly revision: number }
  /** `asOf` is what the server is told: how long ago is reckoned by its clock. */
  | { readonly kind: 'time'; readonly asOf: string };

/** The flag's value is none; the message says which flag, and what to write. */
export class MomentError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MomentError';
  }
}

export function parseMoment(flag: string, text: string): Moment {
  if (/^\d+$/.test(text)) {
    const revision = Number(text);
    if (revision < 1 || !Number.isSafeInteger(revision)) throw new MomentError(`--${flag}: ${text} is no revision`);
    return { kind: 'revision', revision };
  }
  const asOf = /^\d[\d.dhms]*$/.test(text) ? `-${text}` : text;
  try {
    parsePointInTime(asOf, 0); // Only its form: the future is the server's to judge.
  } catch (error) {
    if (!(error instanceof PointInTimeError)) throw error;
    throw new MomentError(`--${flag}: ${error.message} (10m is 10 minutes ago), or a revision such as 42`);
  }
  return { kind: 'time', asOf };
}

/** As it was asked for, for sentences: "revision 42", "10m ago", "2026-01-31T12:00:00Z". */
export const formatMoment = (moment: Moment): string => {
  if (moment.kind === 'revision') return `revision ${moment.revision}`;
  return moment.asOf.startsWith('-') ? `${moment.asOf.slice(1)} ago` : moment.asOf;
};

/** Undefined for a flag that was not given. */
export const optionalMoment = (flag: string, text: string | undefined): Moment | undefined =>
  text === undefined ? undefined : parseMoment(flag, text);
