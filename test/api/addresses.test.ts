import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cidrWarnings,
  interfaceAddress,
  ipProblems,
  ipWarnings,
  isWithin,
  legacyCidr,
  legacyIp,
  parseAddress,
  parseBlock,
  strictCidr,
} from '../../src/api/validation/address.ts';

const ADDRESSES: [text: string, canonical: string | undefined, legacy: number, strict: number][] = [
  ['10.0.0.1', '10.0.0.1', 0, 0],
  ['010.0.0.1', '10.0.0.1', 1, 1],
  ['256.0.0.1', undefined, 1, 1],
  ['fd00::1', 'fd00::1', 0, 0],
  ['FD00:0::1', 'fd00::1', 0, 1],
  ['::ffff:1.2.3.4', '1.2.3.4', 1, 1],
  ['fe80::1%eth0', undefined, 1, 1],
  ['', undefined, 1, 1],
];

for (const [text, canonical, legacy, strict] of ADDRESSES) {
  test(`address ${JSON.stringify(text)}`, () => {
    assert.equal(parseAddress(text)?.canonical, canonical);
    assert.equal(legacyIp(text, 'p').length, legacy);
    assert.equal(ipProblems(text).length, strict);
  });
}

const BLOCKS: [text: string, legacy: number, strict: number][] = [
  ['10.0.0.0/8', 0, 0],
  ['10.0.0.1/8', 1, 1],
  ['10.0.0.0/08', 1, 1],
  ['10.0.0.0/33', 1, 1],
  ['10.0.0.0', 1, 1],
  ['0.0.0.0/0', 0, 0],
  ['fd00::/16', 0, 0],
  ['FD00::/16', 0, 1],
  ['::ffff:10.0.0.0/104', 1, 1],
  ['x', 1, 1],
];

for (const [text, legacy, strict] of BLOCKS) {
  test(`block ${text}`, () => {
    assert.equal(legacyCidr(text, 'p').length, legacy);
    assert.equal(strictCidr(text, 'p').length, strict);
  });
}

test('a block lies in another of its family that is larger', () => {
  const within = (inner: string, outer: string) => {
    const [a, b] = [parseBlock(inner), parseBlock(outer)];
    assert.ok(a && b);
    return isWithin(a, b);
  };
  assert.equal(within('10.1.0.0/16', '10.0.0.0/8'), true);
  assert.equal(within('10.0.0.0/8', '10.0.0.0/8'), false);
  assert.equal(within('11.0.0.0/16', '10.0.0.0/8'), false);
  assert.equal(within('fd00::/16', '0.0.0.0/0'), false);
});

test('addresses of interfaces have a length, and one spelling', () => {
  assert.deepEqual(interfaceAddress('10.0.0.7/24', 'p'), []);
  assert.deepEqual(interfaceAddress('fd00::7/64', 'p'), []);
  assert.equal(interfaceAddress('10.0.0.7', 'p').length, 1);
  assert.match(interfaceAddress('::ffff:10.0.0.7/120', 'p')[0]?.message ?? '', /canonical form \("10\.0\.0\.7\/24"\)/);
});

test('warnings name the better spelling', () => {
  assert.deepEqual(ipWarnings('fd00::1', 'p'), []);
  assert.match(ipWarnings('FD00::1', 'p')[0] ?? '', /RFC 5952 canonical format \("fd00::1"\)/);
  assert.match(cidrWarnings('FD00::/16', 'p')[0] ?? '', /"fd00::\/16"/);
  assert.deepEqual(cidrWarnings('x', 'p'), []);
  const [ambiguous, nonStandard] = cidrWarnings('010.1.2.3/8', 'p');
  assert.match(ambiguous ?? '', /ambiguous in this context \(should be "10\.0\.0\.0\/8" or "10\.1\.2\.3\/32"\?\)/);
  assert.match(nonStandard ?? '', /non-standard CIDR value "010\.1\.2\.3\/8" is invalid: use "10\.0\.0\.0\/8"/);
  assert.match(cidrWarnings('fd00:1::1/16', 'p')[0] ?? '', /"fd00::\/16" or "fd00:1::1\/128"/);
  assert.match(cidrWarnings('::ffff:10.0.0.0/104', 'p')[0] ?? '', /use "10\.0\.0\.0\/8"/);
});
