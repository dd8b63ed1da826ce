// When a schedule written as cron's five fields, or as @daily and the like, is due. In local time, as cron itself.
import { Cron } from 'croner';

/** Milliseconds of the first time after `after` (the same); undefined when it never comes. Throws on a bad pattern. */
export function nextRun(pattern: string, after: number): number | undefined {
  return new Cron(pattern, { paused: true, mode: '5-part' }).nextRun(new Date(after))?.getTime();
}
