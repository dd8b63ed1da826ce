// Taking what a Service asks for so that it can be given back, and refusing what cannot be had.
import { fieldError, invalid } from '../../apimachinery/status-error.ts';
import type { Reservation } from '../registry/hooks.ts';
import type { ServiceObject } from './service-types.ts';

const KIND = { group: '', kind: 'Service' };

export type Undo = (() => void | Promise<void>)[];

/** Runs `take`; what it took is undone when it throws, when the write fails, and after a dry run. */
export async function reserving(dryRun: boolean, take: (undo: Undo) => Promise<void>): Promise<Reservation> {
  const undo: Undo = [];
  const release = async () => {
    for (const step of undo.splice(0)) await step();
  };
  try {
    await take(undo);
  } catch (error) {
    await release();
    throw error;
  }
  return { commit: dryRun ? release : () => undefined, release };
}

export const refused = (service: ServiceObject, field: string, value: unknown, why: string) =>
  invalid(KIND, service.metadata.name ?? '', [fieldError.invalid(field, value, why)]);
