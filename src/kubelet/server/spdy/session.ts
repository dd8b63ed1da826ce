// One side of a SPDY/3.1 connection over any byte stream: the client opens streams, each becomes a Duplex on both
// sides, with half-close (FIN) and reset. As among all of Kubernetes' programs (moby/spdystream) there are no windows:
// peers neither send WINDOW_UPDATE nor wait for one. A stream whose reader lags holds up the whole connection instead.
import { Duplex } from 'node:stream';
import { createFrameReader, encodeFrame, type Frame, RST, SpdyProtocolError } from './frames.ts';
import { createHeaderCodec, type Headers } from './headers.ts';

export interface SpdyStream {
  readonly id: number;
  readonly headers: Headers;
  /** Ending it sends FIN; destroying it before both ends are done sends RST_STREAM. */
  readonly duplex: Duplex;
}

/** Bytes that may wait in one stream before the connection is held up. */
const HIGH_WATER = 1024 * 1024;
const GOAWAY_OK = 0;
const GOAWAY_PROTOCOL_ERROR = 1;

interface OpenStream {
  duplex: Duplex;
  /** The other side has sent FIN or RST. */
  remoteDone: boolean;
  localDone: boolean;
  /** Set while the connection waits for this stream's reader. */
  drained: (() => void) | undefined;
}

export class SpdySession {
  readonly #transport: Duplex;
  readonly #accept: ((stream: SpdyStream) => void) | undefined;
  readonly #streams = new Map<number, OpenStream>();
  readonly #codec = createHeaderCodec();
  #lastStreamId = 0;
  #opening: Promise<unknown> = Promise.resolve();
  #isClosing = false;
  /** Resolves when the connection is over; rejects when it broke. */
  readonly closed: Promise<void>;

  /** `accept` takes the streams that the client opens; without it this is the client. */
  constructor(transport: Duplex, accept?: (stream: SpdyStream) => void) {
    this.#transport = transport;
    this.#accept = accept;
    transport.on('error', () => undefined); // #serve tells it; this outlives it
    transport.once('close', () => this.#abandonStreams());
    this.closed = this.#serve();
  }

  /** Opens a stream; only the client does. */
  open(headers: Headers): Promise<Duplex> {
    // Header blocks build on one another: they are sent in the order in which they were compressed.
    const opened = this.#opening.then(async () => {
      const block = await this.#codec.compress(headers);
      if (this.#isClosing) throw new SpdyProtocolError('the connection has ended');
      this.#lastStreamId += this.#lastStreamId === 0 ? 1 : 2;
      const streamId = this.#lastStreamId;
      const duplex = this.#duplex(streamId);
      this.#streams.set(streamId, { duplex, remoteDone: false, localDone: false, drained: undefined });
      this.#send({ type: 'syn-stream', streamId, fin: false, unidirectional: false, block });
      return duplex;
    });
    this.#opening = opened.catch(() => undefined); // its caller is told
    return opened;
  }

  /** Ends every stream and the connection, after what has been written is out. */
  close(status = GOAWAY_OK): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#send({ type: 'goaway', lastStreamId: this.#lastStreamId, status });
    this.#transport.end();
    this.#abandonStreams();
  }

  async #serve(): Promise<void> {
    const read = createFrameReader();
    try {
      // Not destroyed by the loop: what has been written must still go out.
      for await (const chunk of this.#transport.iterator({ destroyOnReturn: false })) {
        if (this.#isClosing) continue; // until the peer has closed too
        for (const frame of read(chunk as Buffer)) await this.#receive(frame);
      }
    } catch (error) {
      if (error instanceof SpdyProtocolError) this.close(GOAWAY_PROTOCOL_ERROR);
      if (!this.#isClosing) throw error;
    } finally {
      this.#isClosing = true;
      this.#abandonStreams();
      this.#codec.close();
      this.#transport.end();
    }
  }

  /** Streams whose server has gone end: what came is still to be read. Those whose client has gone are of no more use. */
  #abandonStreams(): void {
    for (const stream of this.#streams.values()) {
      if (this.#accept) stream.duplex.destroy();
      else {
        stream.localDone = true;
        stream.duplex.end();
        if (!stream.remoteDone) this.#finish(stream);
      }
    }
    this.#streams.clear();
  }

  async #receive(frame: Frame): Promise<void> {
    switch (frame.type) {
      case 'syn-stream':
        return await this.#open(frame);
      case 'data':
        return await this.#data(frame.streamId, frame.data, frame.fin);
      case 'headers':
        await this.#codec.decompress(frame.block); // unused, but the blocks after it build on it
        return await this.#data(frame.streamId, Buffer.alloc(0), frame.fin);
      case 'rst-stream':
        return this.#reset(frame.streamId);
      case 'ping':
        // Others would be answers to pings of ours.
        if (frame.id % 2 === (this.#accept ? 1 : 0)) this.#send(frame);
        return;
      case 'syn-reply':
        if (this.#accept) throw new SpdyProtocolError('a client answered a stream that was not opened here');
        await this.#codec.decompress(frame.block); // says nothing, but the blocks after it build on it
        return;
      case 'goaway': // no new streams; those that are open go on
      case 'settings':
      case 'window-update':
        return;
    }
  }

  async #open(frame: Frame & { type: 'syn-stream' }): Promise<void> {
    const { streamId } = frame;
    const headers = await this.#codec.decompress(frame.block);
    if (!this.#accept) throw new SpdyProtocolError('a server opened a stream');
    if (streamId % 2 === 0 || streamId <= this.#lastStreamId) {
      this.#send({ type: 'rst-stream', streamId, status: RST.protocolError });
      return;
    }
    this.#lastStreamId = streamId;
    const block = await this.#codec.compress({});
    this.#send({ type: 'syn-reply', streamId, fin: false, block });
    const duplex = this.#duplex(streamId);
    const stream = { duplex, remoteDone: false, localDone: frame.unidirectional, drained: undefined };
    this.#streams.set(streamId, stream);
    if (frame.unidirectional) duplex.end();
    this.#accept({ id: streamId, headers, duplex });
    if (frame.fin) this.#finish(stream);
  }

  #duplex(streamId: number): Duplex {
    const own = () => this.#streams.get(streamId);
    const duplex = new Duplex({
      allowHalfOpen: true,
      read: () => own()?.drained?.(),
      write: (chunk: Buffer, _, done) => this.#send({ type: 'data', streamId, fin: false, data: chunk }, done),
      final: (done) => {
        const stream = own();
        if (!stream || stream.localDone) return done();
        stream.localDone = true;
        this.#send({ type: 'data', streamId, fin: true, data: Buffer.alloc(0) }, done);
      },
      destroy: (error, done) => {
        const stream = own();
        stream?.drained?.();
        this.#streams.delete(streamId);
        if (stream && !(stream.remoteDone && stream.localDone)) {
          this.#send({ type: 'rst-stream', streamId, status: RST.cancel });
        }
        done(error);
      },
    });
    duplex.on('error', () => undefined); // whoever destroys it with an error has told it
    return duplex;
  }

  async #data(streamId: number, data: Buffer, fin: boolean): Promise<void> {
    const stream = this.#streams.get(streamId);
    if (!stream || stream.remoteDone) return; // it was reset here; what was on its way is dropped
    if (data.length > 0) stream.duplex.push(data);
    if (fin) this.#finish(stream);
    else if (stream.duplex.readableLength > HIGH_WATER) await this.#drain(stream);
  }

  #drain(stream: OpenStream): Promise<void> {
    return new Promise((resolve) => {
      stream.drained = () => {
        stream.drained = undefined;
        resolve();
      };
    });
  }

  #finish(stream: OpenStream): void {
    stream.remoteDone = true;
    stream.duplex.push(null);
  }

  #reset(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (!stream) return;
    this.#streams.delete(streamId);
    stream.duplex.destroy();
  }

  #send(frame: Frame, done?: (error?: Error | null) => void): void {
    if (this.#transport.writable) this.#transport.write(encodeFrame(frame), done);
    else done?.(new Error('the connection is closed'));
  }
}
