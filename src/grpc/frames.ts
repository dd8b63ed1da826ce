// gRPC's framing of messages: a flag of compression, which nobody here uses, the length in 4 bytes, and the message.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
import { GrpcError } from './status.ts';

const HEADER = 5;
/** Upstream's kubelet takes no longer ones: maxMsgSize in cri-client/pkg/remote_runtime.go */
const MAX_MESSAGE = 16 * 1024 * 1024;

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEADER + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, HEADER);
  return framed;
}

/** Returns a function that takes bytes as they come and gives the messages that they complete. Throws GrpcError. */
export function createUnframer(): (chunk: Buffer) => Buffer[] {
  let chunks: Buffer[] = [];
  let size = 0;
  let wanted = HEADER;
  return (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    const messages: Buffer[] = [];
    while (size >= wanted) {
      const data = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      const end = HEADER + lengthOf(data);
      if (size >= end) {
        messages.push(data.subarray(HEADER, end));
        size -= end;
        wanted = HEADER;
      } else wanted = end;
      chunks = [data.subarray(data.length - size)];
    }
    return messages;
  };
}

function lengthOf(data: Buffer): number {
  if (data[0] !== 0) throw new GrpcError('INTERNAL', 'the other side compresses messages, which it was not asked to');
  const length = data.readUInt32BE(1);
  if (length > MAX_MESSAGE) {
    throw new GrpcError('RESOURCE_EXHAUSTED', `a message of ${length} bytes is over the ${MAX_MESSAGE} that are taken`);
  }
  return length;
}
