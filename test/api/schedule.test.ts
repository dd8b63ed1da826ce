import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleProblem } from '../../src/api/batch/schedule.ts';

const GOOD = [
  '* * * * *',
  '*/70 * * * *',
  '1,,2 * * * *',
  '0 0 31 2 *',
  '0-30/10 8-18 1,15 jan-mar mon-fri',
  '? ? ? ? ?',
  '@daily',
  '@every 5m',
];
const BAD: [schedule: string, problem: RegExp][] = [
  ['* * * *', /expected exactly 5 fields, found 4/],
  ['* * * * 7', /above maximum \(6\)/],
  ['60 * * * *', /above maximum \(59\)/],
  ['* * 0 * *', /below minimum \(1\)/],
  ['30-10 * * * *', /beyond end of range/],
  ['*/0 * * * *', /step of range/],
  ['a * * * *', /failed to parse int/],
  ['1-2-3 * * * *', /too many hyphens/],
  ['1/2/3 * * * *', /too many slashes/],
  ['@reboot', /unrecognized descriptor/],
  ['@every soon', /failed to parse duration/],
];

for (const schedule of GOOD) {
  test(`a schedule may be ${schedule}`, () => assert.equal(scheduleProblem(schedule), undefined));
}

for (const [schedule, problem] of BAD) {
  test(`a schedule may not be ${schedule}`, () => assert.match(scheduleProblem(schedule) ?? '', problem));
}
