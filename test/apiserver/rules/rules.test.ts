// The rules of docs/guarantees.md over HTTP: a real server on a real port, every driver, every protocol. Cases are
// values in the list; a rule without one fails the last test. RULE=35 runs the cases of that rule only.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { DRIVERS } from '../../storage/drivers.ts';
import { RULES } from './index.ts';
import { makeNamespace, startRuleServer } from './rule.ts';
import { PROTOCOLS, WEB_SOCKET } from './wire.ts';

const asked = process.env.RULE;
const chosen = RULES.filter(({ rules }) => asked === undefined || rules.includes(Number(asked)));

for (const driver of DRIVERS) {
  for (const protocol of [...PROTOCOLS, WEB_SOCKET]) {
    const cases = chosen.filter(
      (rule) => (driver.survives || !rule.survives) && (protocol !== WEB_SOCKET || rule.frames),
    );
    test(`over ${driver.name} and ${protocol.name}`, async (t) => {
      const { api } = await startRuleServer(t, { driver, protocol });
      for (const [i, { rules, name, run }] of cases.entries()) {
        await t.test(`${name} (${rules.join(', ')})`, { timeout: 30_000 }, async (each) => {
          const own = await api(each, `rule-${i}`);
          await makeNamespace(own, own.namespace);
          await run(own, each);
        });
      }
    });
  }
}

test('every rule of docs/guarantees.md has a case, and every case a rule', () => {
  const text = readFileSync(path.join(import.meta.dirname, '../../../docs/guarantees.md'), 'utf8');
  const promised = [...text.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
  assert.deepEqual(
    promised,
    Array.from({ length: 54 }, (_, i) => i + 1),
  );
  assert.deepEqual(
    [...new Set(RULES.flatMap(({ rules }) => rules))].toSorted((a, b) => a - b),
    promised,
  );
});
