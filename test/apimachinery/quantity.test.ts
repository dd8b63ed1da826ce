import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  milliValue,
  parseQuantity,
  quantityOf,
  subQuantity,
  value,
} from '../../src/apimachinery/quantity.ts';

describe('a quantity', () => {
  const canonical: [text: string | number, canonical: string][] = [
    ['0', '0'],
    ['0Mi', '0'],
    ['0.5', '500m'],
    ['1024Mi', '1Gi'],
    ['1500Mi', '1500Mi'],
    ['1.5Gi', '1536Mi'],
    ['0.1Ki', '102400m'],
    ['1000', '1k'],
    ['12000000', '12M'],
    ['2000m', '2'],
    ['1e3', '1e3'],
    ['1000e3', '1e6'],
    ['1.0', '1'],
    ['-0.5', '-500m'],
    ['0.0000000001', '1n'],
    ['512', '512'],
    ['1 ', '1'],
    [0.25, '250m'],
    // Upstream keeps a short number as it was written.
    ['1.123k', '1.123k'],
    ['+5', '+5'],
    ['5.', '5.'],
  ];
  for (const [text, want] of canonical) {
    it(`${JSON.stringify(text)} is written ${want}`, () => assert.equal(canonicalQuantity(text), want));
  }

  for (const text of ['', ' ', '1Zi', '1 Mi', 'a', '1.2.3', '1Ni', '0x1']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const words = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
      assert.throws(() => parseQuantity(text), { name: 'QuantityError', message: words });
    });
  }
  for (const text of ['1i', '--1', '1e', '1Km', '1e99999999']) {
    it(`refuses the suffix of ${text}`, () =>
      assert.throws(() => parseQuantity(text), { message: "unable to parse quantity's suffix" }));
  }

  it('counts whole units and thousandths, rounded away from zero', () => {
    assert.equal(value(parseQuantity('1500m')), 2);
    assert.equal(value(parseQuantity('-1500m')), -2);
    assert.equal(milliValue(parseQuantity('0.0001')), 1);
    assert.equal(value(parseQuantity('1Gi')), 2 ** 30);
  });

  it('caps binary amounts at int64, as upstream does', () => {
    assert.equal(parseQuantity('100000Ei').nano / 1_000_000_000n, 2n ** 63n - 1n);
  });

  it('adds and subtracts in the format of the first', () => {
    assert.equal(formatQuantity(addQuantity(parseQuantity('1Gi'), parseQuantity('1Gi'))), '2Gi');
    assert.equal(formatQuantity(addQuantity(parseQuantity('100m'), parseQuantity('0.9'))), '1');
    assert.equal(formatQuantity(addQuantity(parseQuantity('0'), parseQuantity('2Ki'))), '2Ki');
    assert.equal(formatQuantity(subQuantity(parseQuantity('1'), parseQuantity('250m'))), '750m');
  });

  const amount = fc.tuple(
    fc.bigInt(-(10n ** 15n), 10n ** 15n),
    fc.constantFrom('', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi', 'e3', 'u'),
  );
  const text = amount.map(([number, suffix]) => `${number}${suffix}`);

  it('keeps its value when written and read', () => {
    fc.assert(
      fc.property(text, (t) => {
        const quantity = parseQuantity(t);
        const again = parseQuantity(formatQuantity(quantity));
        assert.equal(compareQuantity(quantity, again), 0);
        assert.equal(formatQuantity(again), formatQuantity(quantity));
      }),
    );
  });

  it('gives back what was added', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [x, y] = [parseQuantity(a), parseQuantity(b)];
        assert.equal(compareQuantity(subQuantity(addQuantity(x, y), y), x), 0);
      }),
    );
  });

  it('of whole units prints as they would be written', () => {
    assert.equal(formatQuantity(quantityOf(2 ** 30, 'BinarySI')), '1Gi');
    assert.equal(formatQuantity(quantityOf(110)), '110');
  });
});
