// What the store does, section by section, as JSON lines `{"name", "value", "against"}`. `npm run bench -- store` and
// `npm run bench -- store.asof` run each section in a process of its own; by hand:
//   node --expose-gc test/bench/store.ts SECTION [seconds of each measurement]
import { asof } from './store/asof.ts';
import { housekeeping } from './store/housekeeping.ts';
import { list } from './store/list.ts';
import type { Section } from './store/measure.ts';
import { memory } from './store/memory.ts';
import { start } from './store/start.ts';
import { watch } from './store/watch.ts';
import { writes } from './store/writes.ts';

const SECTIONS: readonly Section[] = [writes, watch, list, start, housekeeping, asof, memory];

const [asked, seconds = '3'] = process.argv.slice(2);
const section = SECTIONS.find(({ name }) => name === asked);
if (asked === undefined) {
  console.log(SECTIONS.map(({ name }) => name).join('\n'));
} else if (!section) {
  console.error(`there is no section "${asked}"; there are ${SECTIONS.map(({ name }) => name).join(', ')}`);
  process.exitCode = 2;
} else {
  for (const row of await section.run({ seconds: Number(seconds) })) console.log(JSON.stringify(row));
}
