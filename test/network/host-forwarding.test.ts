import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { run } from '../../src/exec.ts';
import { silentLogger } from '../../src/log.ts';
import { defaultConflist } from '../../src/network/conflist.ts';
import { forwardChain, masqueradeChain, prepareHost } from '../../src/network/host-forwarding.ts';
import { createLedger } from '../../src/network/host-ledger.ts';

const asRoot = process.getuid?.() === 0 ? false : 'needs root';

test('pods speak to the world with the address of the host by one rule, which goes with the ledger', {
  skip: asRoot,
}, async () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'forwarding-'));
  const ledger = createLedger(path.join(directory, 'ledger.json'));
  const bridge = `t${process.pid}`;
  const podCIDR = '198.51.100.0/28';
  const rules = async (table: string) => {
    const { stdout } = await run(['iptables-save', '-t', table]);
    return stdout.split('\n').filter((line) => line.startsWith('-A ') && line.includes(bridge));
  };
  const chain = masqueradeChain(bridge);
  const forward = forwardChain(bridge);
  try {
    const list = defaultConflist({ podCIDR, bridge, dataDir: directory });
    for (let start = 0; start < 2; start += 1) {
      await prepareHost(list, { ledger, log: silentLogger, masquerade: podCIDR });
      const [filter, nat] = [await rules('filter'), await rules('nat')];
      assert.deepEqual(filter, [
        `-A FORWARD -j ${forward}`,
        `-A ${forward} -i ${bridge} -j ACCEPT`,
        `-A ${forward} -o ${bridge} -j ACCEPT`,
      ]);
      assert.deepEqual(nat, [
        `-A POSTROUTING -s ${podCIDR} -j ${chain}`,
        `-A ${chain} -d ${podCIDR} -j RETURN`,
        `-A ${chain} ! -d 224.0.0.0/4 -j MASQUERADE`,
      ]);
    }
  } finally {
    assert.deepEqual(await ledger.undoAll(), []);
    rmSync(directory, { recursive: true });
  }
  assert.deepEqual([...(await rules('filter')), ...(await rules('nat'))], []);
});
