// A list of 10,000 objects as bytes: from kept encodings, against the plain alternative, one stringify of it all.
import { builtinDefinitions } from '../../../src/api/index.ts';
import { json } from '../../../src/apiserver/encoding/json.ts';
import { CONFIG_MAPS, fill, ms, percentile, type Section, timed, turn, withStore } from './measure.ts';

const definition = builtinDefinitions().find(({ plural }) => plural === 'configmaps')!;
const OBJECTS = 10_000;

export const list: Section = {
  name: 'list',
  run: ({ seconds }) =>
    withStore(async (storage) => {
      await fill(storage, OBJECTS, 1_024);
      const body = () => {
        const { entries, revision } = storage.list(CONFIG_MAPS);
        return json.list({ type: 'list', definition, entries, metadata: { resourceVersion: String(revision) } });
      };
      const plain = () => {
        const { entries, revision } = storage.list(CONFIG_MAPS);
        const items = entries.map(({ object }) => object);
        return [Buffer.from(JSON.stringify({ kind: 'ConfigMapList', metadata: { resourceVersion: revision }, items }))];
      };
      const first = await timed(() => Buffer.concat(body()));
      const measure = async (make: () => Uint8Array[]) => {
        const times: number[] = [];
        for (const until = performance.now() + seconds * 500; performance.now() < until; await turn()) {
          times.push((await timed(() => Buffer.concat(make()))).ms);
        }
        return percentile(times, 50);
      };
      const again = await measure(body);
      const stringified = await measure(plain);
      const size = Math.round(first.result.length / 2 ** 20);
      return [
        {
          name: `list of 10,000 objects of 1 KiB (${size} MiB) from kept encodings`,
          value: ms(again),
          against: `goal 40 ms; ${(stringified / again).toFixed(1)} × faster than one stringify (${ms(stringified)})`,
        },
        { name: 'the first such list, which makes the encodings', value: ms(first.ms) },
      ];
    }),
};
