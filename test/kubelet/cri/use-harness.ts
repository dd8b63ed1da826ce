// A runtime for the tests of one describe: opened before the first, closed after the last, with the host as it was.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { type Harness, hostSnapshot, type OpenOptions, type Subject } from './harness.ts';

/** To be called in the describe itself; the harness is there when its first test runs. */
export function useHarness(subject: Subject, options?: OpenOptions): () => Harness {
  let harness: Harness | undefined;
  let hostBefore: string[];
  before(async () => {
    hostBefore = hostSnapshot();
    harness = await subject.open(options);
  });
  after(async () => {
    await harness?.close();
    await eventually('the host as it was', () => assert.deepEqual(hostSnapshot(), hostBefore) === undefined);
  });
  return () => harness as Harness;
}
