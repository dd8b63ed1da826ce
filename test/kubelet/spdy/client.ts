// The client's side of a SPDY/3.1 connection for tests: opens streams and collects what comes on each.
import type { Duplex } from 'node:stream';
import { createFrameReader, encodeFrame, type Frame } from '../../../src/kubelet/server/spdy/frames.ts';
import { createHeaderCodec, type Headers } from '../../../src/kubelet/server/spdy/headers.ts';
import { eventually } from '../../support/eventually.ts';

export interface ClientStream {
  readonly id: number;
  text: string;
  replied: boolean;
  ended: boolean;
  reset: boolean;
  write(data: string | Buffer): void;
  end(): void;
  cancel(): void;
  /** Resolves with all text when the other side has ended or reset the stream. */
  whole(): Promise<string>;
}

export function spdyClient(transport: Duplex) {
  const codec = createHeaderCodec();
  const streams = new Map<number, ClientStream>();
  const others: Frame[] = [];
  const read = createFrameReader();
  let nextId = 1;
  const send = (frame: Frame) => transport.write(encodeFrame(frame));
  transport.on('error', () => undefined);
  transport.on('data', (chunk: Buffer) => {
    for (const frame of read(chunk)) {
      const stream = 'streamId' in frame ? streams.get(frame.streamId) : undefined;
      if (frame.type === 'data' && stream) {
        stream.text += frame.data;
        stream.ended ||= frame.fin;
      } else if (frame.type === 'syn-reply' && stream) stream.replied = true;
      else if (frame.type === 'rst-stream' && stream) stream.reset = true;
      else others.push(frame);
    }
  });
  return {
    others,
    send,
    close: () => {
      codec.close();
      transport.end();
    },
    async open(headers: Headers, options: { fin?: boolean } = {}): Promise<ClientStream> {
      const id = nextId;
      nextId += 2;
      const stream: ClientStream = {
        id,
        text: '',
        replied: false,
        ended: false,
        reset: false,
        write: (data) => void send({ type: 'data', streamId: id, fin: false, data: Buffer.from(data) }),
        end: () => void send({ type: 'data', streamId: id, fin: true, data: Buffer.alloc(0) }),
        cancel: () => void send({ type: 'rst-stream', streamId: id, status: 5 }),
        async whole() {
          await eventually(`the end of stream ${id}`, () => stream.ended || stream.reset);
          return stream.text;
        },
      };
      streams.set(id, stream);
      const block = await codec.compress(headers);
      send({ type: 'syn-stream', streamId: id, fin: options.fin ?? false, unidirectional: false, block });
      return stream;
    },
  };
}
