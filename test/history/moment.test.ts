// Moments of the command line: revisions, how long ago, times; what is none is told with what to write.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMoment, type Moment, MomentError, optionalMoment, parseMoment } from '../../src/history/moment.ts';

const CASES: readonly [string, Moment, string][] = [
  ['42', { kind: 'revision', revision: 42 }, 'revision 42'],
  ['10m', { kind: 'time', asOf: '-10m' }, '10m ago'],
  ['-1h30m', { kind: 'time', asOf: '-1h30m' }, '1h30m ago'],
  ['2d', { kind: 'time', asOf: '-2d' }, '2d ago'],
  ['2026-01-31T12:00:00Z', { kind: 'time', asOf: '2026-01-31T12:00:00Z' }, '2026-01-31T12:00:00Z'],
  ['2026-01-31T12:00:00.5+02:00', { kind: 'time', asOf: '2026-01-31T12:00:00.5+02:00' }, '2026-01-31T12:00:00.5+02:00'],
];
for (const [text, moment, told] of CASES) {
  test(`${text} is ${told}`, () => {
    assert.deepEqual(parseMoment('at', text), moment);
    assert.equal(formatMoment(moment), told);
  });
}

for (const text of ['', 'yesterday', '0', '10x', '2026-02-30T12:00:00Z', '2026-01-31', '99999999999999999999', 'm']) {
  test(`${JSON.stringify(text)} is none`, () =>
    assert.throws(
      () => parseMoment('at', text),
      (error: Error) => error instanceof MomentError && error.message.startsWith('--at: '),
    ));
}

test('a flag that was not given is no moment', () => assert.equal(optionalMoment('at', undefined), undefined));
