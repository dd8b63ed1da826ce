// A restore that ends itself at a place, for the tests: node restorer.ts <data dir> <place> [<n-th pass>]
import { placeIn, restore } from './snapshot.ts';

const [dataDir, place, nth = '1'] = process.argv.slice(2) as [string, string, string?];
let left = Number(nth);
await restore(placeIn(dataDir), {
  pass(reached) {
    if (reached === place && --left === 0) process.kill(process.pid, 'SIGKILL');
  },
});
