import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { durationToMs, formatDuration, formatMs, parseDuration } from '../../src/apimachinery/duration.ts';
import { parseIntOrString, scaledValue } from '../../src/apimachinery/int-or-string.ts';

describe('a Go duration', () => {
  const cases: [text: string, canonical: string][] = [
    ['0', '0s'],
    ['5s', '5s'],
    ['300ms', '300ms'],
    ['1.5h', '1h30m0s'],
    ['90m', '1h30m0s'],
    ['-2m', '-2m0s'],
    ['.5s', '500ms'],
    ['3us', '3µs'],
    ['1h15m30.918273645s', '1h15m30.918273645s'],
    ['1ns', '1ns'],
  ];
  for (const [text, want] of cases) {
    it(`${text} is written ${want}`, () => assert.equal(formatDuration(parseDuration(text)), want));
  }
  const wrong: [text: string, words: string][] = [
    ['', 'time: invalid duration ""'],
    ['1', 'time: missing unit in duration "1"'],
    ['1x', 'time: unknown unit "x" in duration "1x"'],
    ['s', 'time: invalid duration "s"'],
    ['9999999h', 'time: invalid duration "9999999h"'],
  ];
  for (const [text, words] of wrong) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseDuration(text), { message: words }));
  }
  it('survives being written and read', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n) + 1n, 2n ** 63n - 1n), (nanoseconds) => {
        assert.equal(parseDuration(formatDuration(nanoseconds)), nanoseconds);
      }),
    );
    assert.equal(durationToMs(parseDuration('1.5s')), 1500);
  });
});

describe('a number or percentage', () => {
  it('scales percentages up or down and leaves numbers alone', () => {
    assert.equal(scaledValue(3, 10, 'up'), 3);
    assert.equal(scaledValue('25%', 10, 'up'), 3);
    assert.equal(scaledValue('25%', 10, 'down'), 2);
    assert.equal(scaledValue('0%', 10, 'up'), 0);
  });
  it('refuses other text', () => {
    const words = 'invalid value for IntOrString: invalid type: string is not a percentage';
    assert.throws(() => scaledValue('5', 10, 'up'), { message: words });
    assert.throws(() => scaledValue('x%', 10, 'up'), { name: 'IntOrStringError' });
  });
  it('reads flags as intstr.Parse does', () => {
    assert.equal(parseIntOrString('5'), 5);
    assert.equal(parseIntOrString('5%'), '5%');
    assert.equal(parseIntOrString('3000000000'), '3000000000');
  });
});

describe('milliseconds in the words of events and statuses', () => {
  for (const [ms, expected] of [
    [0, '0s'],
    [255.41, '255ms'],
    [1_000, '1s'],
    [1_234.9, '1.234s'],
    [10_000, '10s'],
    [62_500, '1m2.5s'],
    [300_000, '5m0s'],
    [3_723_000, '1h2m3s'],
  ] as const) {
    it(`${ms} ms are ${expected}`, () => assert.equal(formatMs(ms), expected));
  }
});
