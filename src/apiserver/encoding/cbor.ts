// CBOR, behind upstream's gate CBORServingAndStorage: nothing is kept, as hardly anybody asks for it. A watch is a
// sequence of data items (RFC 8742).
import { encodeCbor } from '../../apimachinery/codec/cbor-writer.ts';
import { viewOf } from '../registry/keys.ts';
import { plainEncoding, type WatchEncoding } from './encoding.ts';

export const cbor = plainEncoding(encodeCbor);

export const cborWatch: WatchEncoding = {
  text: false,
  message: (frame) => frame,
  frame: (type, object) => encodeCbor({ type, object }),
  itemFrame: (definition, { type, entry }) => encodeCbor({ type, object: viewOf(definition, entry) }),
};
