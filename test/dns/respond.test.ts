import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { describe, test } from 'node:test';
import { type DecodedPacket, decode, encode, type Packet } from 'dns-packet';
import type { Service } from '../../src/api/types/core/v1.ts';
import type { EndpointSlice } from '../../src/api/types/discovery/v1.ts';
import { systemClock } from '../../src/clock.ts';
import { createForwarder, framed } from '../../src/dns/forward.ts';
import { respond } from '../../src/dns/respond.ts';
import type { ZoneView } from '../../src/dns/zone.ts';
import { silentLogger } from '../../src/log.ts';

const many = Array.from({ length: 60 }, (_, i) => ({ addresses: [`10.42.0.${i + 2}`] }));
const view: ZoneView = {
  namespaceExists: () => true,
  service: (namespace, name) =>
    ({
      many: { metadata: { name, namespace }, spec: { clusterIP: 'None' } },
      alias: { metadata: { name, namespace }, spec: { type: 'ExternalName', externalName: 'db.example.org' } },
    })[name] as Service | undefined,
  slices: () => [{ metadata: { name: 's' }, addressType: 'IPv4', endpoints: many } as EndpointSlice],
  serviceByIP: () => undefined,
  slicesByIP: () => [],
};

const question = (name: string, extra: Partial<Packet> = {}) =>
  encode({ type: 'query', id: 7, flags: 0x100, questions: [{ type: 'A', name }], ...extra });

/** Answers every question with one address; over UDP cut short when `truncate`. */
async function nameServer(truncate: boolean) {
  const answer = (message: Buffer, flags: number) => {
    const query = decode(message);
    return encode({
      type: 'response',
      id: query.id ?? 0,
      flags,
      questions: query.questions ?? [],
      answers: flags & 0x200 ? [] : [{ type: 'A', name: query.questions?.[0]?.name ?? '', ttl: 1, data: '192.0.2.9' }],
    });
  };
  const tcp = createServer((socket) => socket.on('data', (chunk) => socket.end(framed(answer(chunk.subarray(2), 0)))));
  const udp = createSocket('udp4');
  udp.on('message', (message, from) => udp.send(answer(message, truncate ? 0x200 : 0), from.port, from.address));
  const port = await bindBoth(tcp, udp);
  return { server: `127.0.0.1:${port}`, [Symbol.dispose]: () => [udp, tcp].forEach((s) => void s.close()) };
}

/** A port that is free for both; one that is free for TCP may be somebody's for UDP. */
async function bindBoth(tcp: Server, udp: Socket): Promise<number> {
  for (;;) {
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    udp.bind(port, '127.0.0.1');
    const bound = await once(udp, 'listening').then(
      () => true,
      () => false,
    );
    if (bound) return port;
    tcp.close();
    await once(tcp, 'close');
  }
}

const forwarder = (servers: string[]) =>
  createForwarder({ servers, resolvConf: '/dev/null', exclude: [], clock: systemClock, log: silentLogger });

async function answerOf(message: Buffer, transport: 'udp' | 'tcp', servers: string[] = ['127.0.0.1:1']) {
  const reply = await respond(message, transport, { domain: 'cluster.local', view, forwarder: forwarder(servers) });
  return reply && (decode(reply) as DecodedPacket & { rcode: string });
}

describe('DNS messages', () => {
  test('an answer carries the id, the question and that it is ours', async () => {
    const answer = await answerOf(question('many.a.svc.cluster.local'), 'tcp');
    assert.equal(answer?.id, 7);
    assert.equal(answer?.flag_aa, true);
    assert.equal(answer?.rcode, 'NOERROR');
    assert.equal(answer?.answers?.length, 60);
  });

  test('what does not fit a UDP answer is cut and marked, unless the client takes more', async () => {
    const cut = await answerOf(question('many.a.svc.cluster.local'), 'udp');
    assert.equal(cut?.flag_tc, true);
    assert.equal(cut?.answers?.length, 0);
    const opt = { type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] } as unknown as NonNullable<
      Packet['additionals']
    >[number];
    const whole = await answerOf(question('many.a.svc.cluster.local', { additionals: [opt] }), 'udp');
    assert.equal(whole?.answers?.length, 60);
  });

  test('a name that does not exist brings NXDOMAIN and the zone', async () => {
    const answer = await answerOf(question('none.a.svc.cluster.local'), 'udp');
    assert.equal(answer?.rcode, 'NXDOMAIN');
    assert.equal(answer?.authorities?.[0]?.type, 'SOA');
  });

  test('other names are forwarded; the second server is asked when the first is silent', async () => {
    using upstream = await nameServer(false);
    const answer = await answerOf(question('example.org'), 'udp', ['127.0.0.1:1', upstream.server]);
    assert.deepEqual(
      answer?.answers?.map((a) => 'data' in a && a.data),
      ['192.0.2.9'],
    );
  });

  test('an answer cut short is asked for again over TCP', async () => {
    using upstream = await nameServer(true);
    const answer = await answerOf(question('example.org'), 'udp', [upstream.server]);
    assert.equal(answer?.answers?.length, 1);
  });

  test('an alias brings what it points to', async () => {
    using upstream = await nameServer(false);
    const answer = await answerOf(question('alias.a.svc.cluster.local'), 'udp', [upstream.server]);
    assert.deepEqual(
      answer?.answers?.map((a) => a.type),
      ['CNAME', 'A'],
    );
  });

  test('without a name server the answer is SERVFAIL', async () => {
    assert.equal((await answerOf(question('example.org'), 'udp'))?.rcode, 'SERVFAIL');
  });

  test('what is not a question is not answered, what cannot be read is refused', async () => {
    assert.equal(await answerOf(Buffer.from('abc'), 'udp'), undefined);
    assert.equal(await answerOf(encode({ type: 'response', id: 1 }), 'udp'), undefined);
    const broken = Buffer.concat([question('example.org').subarray(0, 14), Buffer.from([0xff, 0xff])]);
    assert.equal((await answerOf(broken, 'udp'))?.rcode, 'FORMERR');
  });
});
