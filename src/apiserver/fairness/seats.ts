// How the server's seats are shared out among priority levels: what each is entitled to, what it may lend and borrow
// (pkg/apis/flowcontrol, PriorityLevelConfigurationSpec). Upstream moves limits every ten seconds; here a seat is
// borrowed when it is wanted and free, and its owner never waits for it: owners together may exceed the total
// for as long as a borrower's request takes.
import type { PriorityLevelConfiguration } from '../../api/types/flowcontrol/v1.ts';

export interface Share {
  /** Requests of an exempt level never wait. */
  exempt: boolean;
  nominal: number;
  lendable: number;
  /** How many seats beyond the nominal ones it may use at most. */
  borrowing: number;
}

/** Shares of `total` seats by name of the level. */
export function shareOut(levels: readonly PriorityLevelConfiguration[], total: number): Map<string, Share> {
  const sharesOf = ({ spec }: PriorityLevelConfiguration) =>
    spec.limited?.nominalConcurrencyShares ?? spec.exempt?.nominalConcurrencyShares ?? 0;
  const sum = levels.reduce((all, level) => all + sharesOf(level), 0);
  return new Map(
    levels.map((level) => {
      const { type, limited, exempt } = level.spec;
      const nominal = sum === 0 ? 0 : Math.ceil((total * sharesOf(level)) / sum);
      const percent = limited?.lendablePercent ?? exempt?.lendablePercent ?? 0;
      const limit = limited?.borrowingLimitPercent;
      const share: Share = {
        exempt: type === 'Exempt',
        nominal,
        lendable: Math.round((nominal * percent) / 100),
        borrowing: limit === undefined || limit === null ? total : Math.round((nominal * limit) / 100),
      };
      return [level.metadata.name as string, share];
    }),
  );
}

export interface Use extends Share {
  inUse: number;
}

/** Whether `level` may take `width` seats now. One whole request may always run, however wide. */
export function hasRoom(level: Use, width: number, all: Iterable<Use>): boolean {
  const wanted = level.inUse + width;
  if (level.exempt || level.inUse === 0 || wanted <= level.nominal) return true;
  if (wanted > level.nominal + level.borrowing) return false;
  let free = 0;
  for (const other of all) {
    const idle = other.nominal - other.inUse;
    if (idle < 0 && !other.exempt)
      free += idle; // has borrowed itself
    else if (other !== level && idle > 0) free += Math.min(other.lendable, idle);
  }
  return wanted - Math.max(level.nominal, level.inUse) <= free;
}
