import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PointInTimeError, parsePointInTime } from '../../src/apimachinery/point-in-time.ts';

const NOW = Date.parse('2026-01-31T12:00:00Z');
const MOMENTS: [text: string, expected: string][] = [
  ['2026-01-31T11:59:00Z', '2026-01-31T11:59:00.000Z'],
  ['2026-01-31t11:59:00z', '2026-01-31T11:59:00.000Z'],
  ['2026-01-31T11:59:00.123456Z', '2026-01-31T11:59:00.123Z'],
  ['2026-01-31T11:59:00+01:00', '2026-01-31T10:59:00.000Z'],
  ['2026-01-31T11:59:00 01:00', '2026-01-31T10:59:00.000Z'],
  ['2026-01-31T11:59:00-01:30', '2026-01-31T13:29:00.000Z'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ['-10m', '2026-01-31T11:50:00.000Z'],
  ['-1h30m', '2026-01-31T10:30:00.000Z'],
  ['-2d', '2026-01-29T12:00:00.000Z'],
  ['-1d2h3m4s5ms', '2026-01-30T09:56:55.995Z'],
  ['-0.5h', '2026-01-31T11:30:00.000Z'],
  ['-0s', '2026-01-31T12:00:00.000Z'],
];
const WRONG: [text: string, message: RegExp][] = [
  ['', /^"" is neither: write a time such as 2026-01-31T12:00:00Z, or how long ago it was, such as -10m/],
  ['yesterday', /^"yesterday" is neither: write a time such as /],
  ['10', /^"10" is neither/],
  ['-10', /^"-10" is neither/],
  ['-10w', /^"-10w" is neither/],
  ['-', /^"-" is neither/],
  ['--10m', /^"--10m" is neither/],
  ['2026-01-31', /^"2026-01-31" is neither/],
  ['2026-01-31T12:00:00', /^"2026-01-31T12:00:00" is neither/],
  ['2026-13-01T00:00:00Z', /^"2026-13-01T00:00:00Z" is no time that there was or will be/],
  ['2026-02-30T00:00:00Z', /^"2026-02-30T00:00:00Z" is no time/],
  ['2023-02-29T00:00:00Z', /^"2023-02-29T00:00:00Z" is no time/],
  ['2026-01-31T24:00:00Z', /^"2026-01-31T24:00:00Z" is no time/],
  ['2026-01-31T12:00:60Z', /^"2026-01-31T12:00:60Z" is no time/],
  ['10m', /^"10m" lies in the future: for that long ago write -10m$/],
  ['+1h', /^"\+1h" lies in the future: for that long ago write -1h$/],
  ['-99999999999999d', /^"-99999999999999d" is longer ago than there is time/],
];

describe('a point in time', () => {
  for (const [text, expected] of MOMENTS) {
    it(`is read: ${text}`, () => assert.equal(new Date(parsePointInTime(text, NOW)).toISOString(), expected));
  }
  for (const [text, message] of WRONG) {
    it(`is refused: ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parsePointInTime(text, NOW),
        (error) => error instanceof PointInTimeError && message.test(error.message),
      );
    });
  }
  it('is the one that was written', () => {
    const date = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(253402300799999) });
    fc.assert(fc.property(date, (at) => assert.equal(parsePointInTime(at.toISOString(), NOW), at.getTime())));
  });
  it('is a number or refused, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9dhms.TZ: ]{0,30}$/)), (text) => {
        try {
          assert.ok(Number.isSafeInteger(parsePointInTime(text, NOW)));
        } catch (error) {
          assert.ok(error instanceof PointInTimeError, String(error));
        }
      }),
    );
  });
});
