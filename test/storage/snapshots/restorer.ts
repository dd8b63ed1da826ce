// A restore, or a save, that ends itself at a place, for the tests: node restorer.ts <data dir> <place> [<n-th pass>]
import { copyFile } from 'node:fs/promises';
import { placeIn, restore, save } from './snapshot.ts';

const [dataDir, place, nth = '1'] = process.argv.slice(2) as [string, string, string?];
const here = placeIn(dataDir);
const end = () => process.kill(process.pid, 'SIGKILL');
let left = Number(nth);

if (place === 'save') {
  await save({} as never, here, {
    name: 'killed',
    copy: (to) => copyFile(here.stateFile, to),
    beforeListing: end,
  });
} else {
  await restore(here, {
    pass(reached) {
      if (reached === place && --left === 0) end();
    },
  });
}
