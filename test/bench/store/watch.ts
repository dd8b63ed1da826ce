// How long after its commit an event has reached all watchers of a resource, in the frames that are sent.
import { builtinDefinitions } from '../../../src/api/index.ts';
import { jsonWatch } from '../../../src/apiserver/encoding/json.ts';
import type { Storage, StorageEvent } from '../../../src/storage/storage.ts';
import { CONFIG_MAPS, configMap, keyOf, ms, percentile, type Row, type Section, turn, withStore } from './measure.ts';

const definition = builtinDefinitions().find(({ plural }) => plural === 'configmaps')!;
const EVENT_BYTES = 4_300;

type Frame = (event: StorageEvent) => Uint8Array;

const shared: Frame = ({ type, entry, frames }) => jsonWatch.itemFrame(definition, { type, entry, frames });
/** The plain alternative: each watcher encodes for itself. */
const own: Frame = ({ type, entry }) => Buffer.from(`${JSON.stringify({ type, object: entry.object })}\n`);

async function deliver(storage: Storage, watchers: number, options: { seconds: number; frame: Frame; from: number }) {
  const lags: number[] = [];
  let committed = 0;
  let waiting = 0;
  let all = () => {};
  // Watchers are woken in the order in which they came: this one in the turn of the commit, before any work is done.
  const first = storage.watch(CONFIG_MAPS, { after: storage.revision });
  const note = () => {
    committed = performance.now();
    first.take(64);
    first.onReady(note);
  };
  first.onReady(note);
  const cursors = Array.from({ length: watchers }, () => {
    const watcher = storage.watch(CONFIG_MAPS, { after: storage.revision });
    const pump = () => {
      for (const event of watcher.take(64) as StorageEvent[]) {
        options.frame(event);
        lags.push(performance.now() - committed);
        if (--waiting === 0) all();
      }
      watcher.onReady(pump);
    };
    watcher.onReady(pump);
    return watcher;
  });
  const until = performance.now() + options.seconds * 1_000;
  for (let i = options.from; performance.now() < until; i++) {
    waiting = watchers;
    const delivered = new Promise<void>((resolve) => {
      all = resolve;
    });
    await storage.write({ op: 'create', key: keyOf(i), object: configMap(i, { bytes: EVENT_BYTES }) });
    await delivered;
    await turn();
  }
  for (const cursor of [first, ...cursors]) cursor.close();
  return lags;
}

export const watch: Section = {
  name: 'watch',
  run: ({ seconds }) =>
    withStore(async (storage) => {
      const rows: Row[] = [];
      let from = 0;
      for (const [watchers, goal] of [
        [100, 'goal 3 ms'],
        [1_000, 'goal 20 ms'],
      ] as const) {
        const once = await deliver(storage, watchers, { seconds, frame: shared, from });
        const each = await deliver(storage, watchers, { seconds, frame: own, from: from + 500_000 });
        from += 1_000_000;
        const p99 = percentile(once, 99);
        rows.push({
          name: `an event of 4.3 KB at ${watchers} watchers of its resource, p99 after its commit`,
          value: `${ms(p99)} (p50 ${ms(percentile(once, 50))})`,
          against: `${goal}; ${(percentile(each, 99) / p99).toFixed(1)} × faster than an encoding for each`,
        });
      }
      return rows;
    }),
};
