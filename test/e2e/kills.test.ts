// kills.ts in short, always the same kills in the same order; the soak looks for others. KILL_ROUNDS says how many, KILL_SEED
// which, KILL_RUNTIME is the driver.
import { after, before, describe, test } from 'node:test';
import { type Cluster, createCluster } from './cluster.ts';
import { killAtRandom } from './kills.ts';

const rounds = Number(process.env.KILL_ROUNDS ?? 6);
const seed = Number(process.env.KILL_SEED ?? 13);
const runtime = process.env.KILL_RUNTIME ?? 'nerdctl';

describe(`a server, its containerd and shims that are killed, with ${runtime}`, () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await createCluster([`--container-runtime=${runtime}`]);
    await cluster.start();
  });
  after(() => cluster.remove());

  test('leave every pod as it was, with no process twice and nothing behind', async (t) => {
    t.diagnostic(`KILL_SEED=${seed} KILL_ROUNDS=${rounds}`);
    await killAtRandom(cluster, { seed, rounds, log: (line) => t.diagnostic(line) });
  });
});
