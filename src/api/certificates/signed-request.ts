// PKCS #10: reads a request for a certificate and checks that whoever made it has the key in it (RFC 2986). As much
// DER as that takes; the key itself is Node's to read.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';

export interface PemBlock {
  type: string;
  hasHeaders: boolean;
  der: Buffer;
}

const PEM = /-----BEGIN ([^-\n]+)-----\r?\n((?:[^\n:]+:[^\n]*\n)*)\s*([A-Za-z0-9+/=\s]*?)-----END \1-----/g;

/** The blocks of a PEM text; what stands between them counts for nothing. */
export const pemBlocks = (text: string): PemBlock[] =>
  [...text.matchAll(PEM)].map(([, type = '', headers = '', body = '']) => ({
    type,
    hasHeaders: headers !== '',
    der: Buffer.from(body, 'base64'),
  }));

/** What keeps `pem` from being a request signed with its own key; undefined when nothing does. */
export function signedRequestProblem(pem: string): string | undefined {
  const [block] = pemBlocks(pem);
  if (block?.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST';
  try {
    return isSigned(block.der) ? undefined : 'x509: the signature does not match the key of the request';
  } catch (error) {
    return `x509: malformed certificate request: ${error instanceof Error ? error.message : error}`;
  }
}

/** Hash by signature algorithm; null where the algorithm has its own. */
const HASHES: Readonly<Record<string, string | null>> = {
  '2a864886f70d010105': 'sha1',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d0401': 'sha1',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2b6570': null,
};

function isSigned(der: Buffer): boolean {
  const [info, algorithm, signature] = children(whole(der));
  const [, , key] = children(info);
  const [oid] = children(algorithm);
  if (!info || !oid || !key || !signature) throw new Error('a part is missing');
  const hash = HASHES[oid.content.toString('hex')];
  if (hash === undefined) throw new Error('cannot verify signature: algorithm unimplemented');
  // The first byte of a bit string says how many bits of the last one are unused.
  return verify(hash, info.all, publicKey(key.all), signature.content.subarray(1));
}

const publicKey = (der: Buffer): KeyObject => createPublicKey({ key: der, format: 'der', type: 'spki' });

interface Element {
  all: Buffer;
  content: Buffer;
}

function whole(der: Buffer): Element {
  const element = read(der);
  if (element.all.length !== der.length) throw new Error('trailing data');
  return element;
}

function children(element: Element | undefined): Element[] {
  const elements: Element[] = [];
  let rest = element?.content ?? Buffer.alloc(0);
  while (rest.length > 0) {
    const next = read(rest);
    elements.push(next);
    rest = rest.subarray(next.all.length);
  }
  return elements;
}

/** One element: a tag of one byte, a length of one byte or of as many as its first says, and the content. */
function read(der: Buffer): Element {
  const first = der[1];
  if (first === undefined) throw new Error('unexpected end');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4 || der.length < 2 + lengthBytes) throw new Error('bad length');
  const length = lengthBytes === 0 ? first : der.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  if (der.length < start + length) throw new Error('unexpected end');
  return { all: der.subarray(0, start + length), content: der.subarray(start, start + length) };
}
