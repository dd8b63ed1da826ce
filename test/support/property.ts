// A property with its seed printed: `PROPERTY_SEED=n` runs the same again, `PROPERTY_RUNS=n` runs it as often, and with
// `PROPERTY_PATH=…`, which a failure names beside the seed, only the smallest case that failed.
import type { TestContext } from 'node:test';
import fc from 'fast-check';

export async function holds<T>(
  t: TestContext,
  { runs, arbitrary }: { runs: number; arbitrary: fc.Arbitrary<T> },
  check: (value: T) => Promise<void>,
): Promise<void> {
  const seed = Number(process.env.PROPERTY_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const numRuns = Number(process.env.PROPERTY_RUNS ?? runs);
  t.diagnostic(`PROPERTY_SEED=${seed} PROPERTY_RUNS=${numRuns}`);
  const path = process.env.PROPERTY_PATH;
  await fc.assert(fc.asyncProperty(arbitrary, check), { seed, numRuns, ...(path ? { path } : {}) });
}
