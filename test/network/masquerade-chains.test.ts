// What a plugin that outlived its server leaves in iptables, as iptables-save tells it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { removalOf } from '../../src/network/masquerade-chains.ts';

const chain = (name: string, { network, subnet, address }: { network: string; subnet: string; address: string }) =>
  [
    `-A POSTROUTING -s ${address}/32 -m comment --comment "name: \\"${network}\\" id: \\"id\\"" -j ${name}`,
    `-A ${name} -d ${subnet} -m comment --comment "name: \\"${network}\\" id: \\"id\\"" -j ACCEPT`,
    `-A ${name} ! -d 224.0.0.0/4 -m comment --comment "name: \\"${network}\\" id: \\"id\\"" -j MASQUERADE`,
  ].join('\n');

const ours = { network: 'tsukube', subnet: '10.42.0.0/24' };

test('chains of the network are removed with the jumps to them', () => {
  assert.equal(
    removalOf(`*nat\n:CNI-1 - [0:0]\n${chain('CNI-1', { ...ours, address: '10.42.0.2' })}\nCOMMIT\n`, ours),
    [
      '*nat',
      '-D POSTROUTING -s 10.42.0.2/32 -m comment --comment "name: \\"tsukube\\" id: \\"id\\"" -j CNI-1',
      '-F CNI-1',
      '-X CNI-1',
      'COMMIT',
      '',
    ].join('\n'),
  );
});

test('one without a jump is removed, too', () => {
  const [, accept] = chain('CNI-1', { ...ours, address: '10.42.0.2' }).split('\n');
  assert.equal(removalOf(`${accept}\n`, ours), '*nat\n-F CNI-1\n-X CNI-1\nCOMMIT\n');
});

test('those of another network, or of the same name with other addresses, stay', () => {
  const others = [
    chain('CNI-2', { ...ours, network: 'podman', address: '10.42.0.3' }),
    chain('CNI-3', { ...ours, subnet: '10.43.0.0/24', address: '10.43.0.3' }),
  ];
  assert.equal(removalOf(others.join('\n'), ours), undefined);
});
