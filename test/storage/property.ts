// A property with its seed printed: `STORAGE_SEED=n` runs the same again, `STORAGE_RUNS=n` runs it as often.
import type { TestContext } from 'node:test';
import fc from 'fast-check';

export async function holds<T>(
  t: TestContext,
  { runs, arbitrary }: { runs: number; arbitrary: fc.Arbitrary<T> },
  check: (value: T) => Promise<void>,
): Promise<void> {
  const seed = Number(process.env.STORAGE_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const numRuns = Number(process.env.STORAGE_RUNS ?? runs);
  t.diagnostic(`STORAGE_SEED=${seed} STORAGE_RUNS=${numRuns}`);
  await fc.assert(fc.asyncProperty(arbitrary, check), { seed, numRuns });
}
