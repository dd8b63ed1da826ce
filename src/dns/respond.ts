// One DNS message in, one out: our zone's answer, or what the forwarder brings.
import { randomInt } from 'node:crypto';
import {
  AUTHORITATIVE_ANSWER,
  type DecodedPacket,
  decode,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import type { Forwarder } from './forward.ts';
import { answerZone, type ZoneRecord, type ZoneView } from './zone.ts';

/** As CoreDNS' kubernetes plugin. */
const TTL = 5;
const NOTIMP = 4;
const SERVFAIL = 2;
const NXDOMAIN = 3;
const FORMERR = 1;
/** What a UDP answer may hold when the client names no size. */
const PLAIN_UDP = 512;

export interface RespondOptions {
  domain: string;
  view: ZoneView;
  forwarder: Forwarder;
}

/** undefined: not a question; nothing is sent. */
export async function respond(
  message: Buffer,
  transport: 'udp' | 'tcp',
  options: RespondOptions,
): Promise<Buffer | undefined> {
  let query: DecodedPacket;
  try {
    query = decode(message);
  } catch {
    return message.length < 12 ? undefined : failure({ id: message.readUInt16BE(0), flags: 0 }, FORMERR);
  }
  if (query.type !== 'query') return undefined;
  const question = query.questions?.[0];
  if (!question || query.questions?.length !== 1 || ((query.flags ?? 0) >> 11) % 16 !== 0)
    return failure(query, NOTIMP);

  const answer = answerZone(question.name, question.type, options);
  if (!answer) {
    return options.forwarder.forward(message, transport).catch(() => failure(query, SERVFAIL));
  }
  const records = [...answer.records];
  const alias = records.find((record) => record.type === 'CNAME');
  if (alias && question.type !== 'CNAME')
    records.push(...(await resolveAlias(alias.data as string, question.type, options)));

  const packet: Packet = {
    ...header(query, answer.exists ? 0 : NXDOMAIN, AUTHORITATIVE_ANSWER),
    questions: [question],
    answers: records.map(withTtl),
    authorities: records.length > 0 ? [] : [startOfAuthority(options.domain)],
    additionals: [...(answer.additional ?? []).map(withTtl), ...ednsOf(query)],
  };
  const encoded = encode(packet);
  if (transport === 'tcp' || encoded.length <= udpSize(query)) return encoded;
  return encode({
    ...packet,
    flags: (packet.flags ?? 0) | TRUNCATED_RESPONSE,
    answers: [],
    authorities: [],
    additionals: ednsOf(query),
  });
}

/** What an alias points to, so that clients that do not ask again get an address; empty when it cannot be had. */
async function resolveAlias(target: string, type: string, options: RespondOptions): Promise<ZoneRecord[]> {
  const own = answerZone(target, type, options);
  if (own) return own.records;
  const query = encode({
    type: 'query',
    id: randomInt(65536), // unpredictable, so that no one can answer in a server's place
    flags: RECURSION_DESIRED,
    questions: [{ name: target, type: type as 'A' }],
  });
  const answer = await options.forwarder.forward(query, 'udp').catch(() => undefined);
  return ((answer && decode(answer).answers) ?? []) as ZoneRecord[];
}

function header(query: { id?: number | undefined; flags?: number | undefined }, code: number, flags = 0) {
  const desired = (query.flags ?? 0) & RECURSION_DESIRED;
  return { type: 'response' as const, id: query.id ?? 0, flags: flags | desired | RECURSION_AVAILABLE | code };
}

const failure = (query: Pick<DecodedPacket, 'id' | 'flags' | 'questions'>, code: number): Buffer =>
  encode({ ...header(query, code), questions: query.questions ?? [] });

const withTtl = (record: ZoneRecord) => ({ ttl: TTL, ...record }) as NonNullable<Packet['answers']>[number];

const startOfAuthority = (domain: string) => ({
  type: 'SOA' as const,
  name: domain,
  ttl: TTL,
  data: {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86400,
    minimum: TTL,
  },
});

interface Edns {
  type: string;
  udpPayloadSize?: number;
}
const ednsIn = (query: DecodedPacket): Edns | undefined =>
  (query.additionals as Edns[] | undefined)?.find((record) => record.type === 'OPT');

const udpSize = (query: DecodedPacket): number => Math.max(PLAIN_UDP, ednsIn(query)?.udpPayloadSize ?? PLAIN_UDP);

function ednsOf(query: DecodedPacket): NonNullable<Packet['additionals']> {
  if (!ednsIn(query)) return [];
  return [
    {
      type: 'OPT',
      name: '.',
      udpPayloadSize: 1232,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    },
  ];
}
