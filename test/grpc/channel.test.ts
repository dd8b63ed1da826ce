// The gRPC client against a server that answers, fails, hangs and goes away.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { createGrpcChannel, type GrpcChannel, method } from '../../src/grpc/channel.ts';
import { integer, message, text } from '../../src/grpc/message.ts';
import { eventually } from '../support/eventually.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { gather } from '../support/gather.ts';
import { type Call, type GrpcServer, grpcServer } from './server.ts';

const Question = message({ text: text(1) });
const Answer = message({ number: integer(1) });
const ASK = method('test.Oracle/Ask', Question, Answer);

describe('a gRPC channel', { timeout: 20_000 }, () => {
  let server: GrpcServer | undefined;
  let channel: GrpcChannel | undefined;
  const clock = fakeClock();
  const open = async (serve: (call: Call) => void, metadata = {}) => {
    server = await grpcServer(serve);
    channel = createGrpcChannel({ path: server.path, clock, metadata });
    return channel;
  };
  const unlimited = { timeoutMs: undefined };
  afterEach(async () => {
    channel?.close();
    await server?.close();
    server = undefined;
  });

  test('asks and is answered, many times over one connection, with its metadata', async () => {
    const asked: string[] = [];
    const one = await open(
      (call) => {
        asked.push(`${call.path} ${call.metadata.who} ${Question.decode(call.request).text}`);
        call.send(Answer.encode({ number: asked.length }));
        call.end();
      },
      { who: 'me' },
    );
    assert.deepEqual(await one.unary(ASK, { text: 'a' }, unlimited), { number: 1 });
    const answers = await Promise.all(['b', 'c'].map((question) => one.unary(ASK, { text: question }, unlimited)));
    assert.deepEqual(answers.map(({ number }) => number).sort(), [2, 3]);
    assert.deepEqual(asked, ['test.Oracle/Ask me a', 'test.Oracle/Ask me b', 'test.Oracle/Ask me c']);
    assert.equal(server?.connections(), 1);
  });

  test('an answer that is empty is a message without fields', async () => {
    const one = await open((call) => {
      call.send(new Uint8Array());
      call.end();
    });
    assert.deepEqual(await one.unary(ASK, {}, unlimited), { number: 0 });
  });

  test("a failure has the server's code and words, before and after the first message", async () => {
    const one = await open((call) => {
      if (Question.decode(call.request).text === 'late') call.send(Answer.encode({ number: 1 }));
      call.end(5, 'no such thing: "é"');
    });
    for (const when of ['at once', 'late']) {
      await assert.rejects(one.unary(ASK, { text: when }, unlimited), {
        name: 'GrpcError',
        code: 'NOT_FOUND',
        message: 'no such thing: "é"',
      });
    }
  });

  test('a call without a message in its answer is told', async () => {
    const one = await open((call) => call.end());
    await assert.rejects(one.unary(ASK, {}, unlimited), { code: 'INTERNAL', message: /without a message/ });
  });

  test('a server that hangs costs the time limit, and is told that the call is off', async () => {
    const asked = Promise.withResolvers<Call>();
    const one = await open(asked.resolve);
    const answer = one.unary(ASK, {}, { timeoutMs: 5000 });
    const outcome = assert.rejects(answer, {
      code: 'DEADLINE_EXCEEDED',
      message: 'test.Oracle/Ask took longer than 5 s',
    });
    const call = await asked.promise;
    await clock.advance(5000);
    await outcome;
    await call.cancelled;
  });

  test('nobody at the socket is told with its path', async () => {
    const one = createGrpcChannel({ path: '/nonexistent/socket', clock });
    await assert.rejects(one.unary(ASK, {}, unlimited), {
      code: 'UNAVAILABLE',
      message: /^nobody answers at \/nonexistent\/socket: .*ENOENT/,
    });
    one.close();
  });

  test('a connection that breaks fails the calls on it, and the next call makes another', async () => {
    const one = await open((call) => {
      if (Question.decode(call.request).text === 'break') return call.breakConnection();
      call.send(Answer.encode({ number: 7 }));
      call.end();
    });
    await assert.rejects(one.unary(ASK, { text: 'break' }, unlimited), { code: 'UNAVAILABLE' });
    assert.deepEqual(await one.unary(ASK, { text: 'again' }, unlimited), { number: 7 });
  });

  test('a stream gives messages as they come, until the server ends it', async () => {
    const asked = Promise.withResolvers<Call>();
    const one = await open(asked.resolve);
    const got: number[] = [];
    const reading = (async () => {
      for await (const { number } of one.stream(ASK, {}, { signal: new AbortController().signal })) got.push(number);
    })();
    const call = await asked.promise;
    call.send(Answer.encode({ number: 1 }));
    await eventually('the first', () => got.length === 1);
    call.send(Answer.encode({ number: 2 }));
    call.end();
    await reading;
    assert.deepEqual(got, [1, 2]);
  });

  test('a stream ends with its signal, also before anything came', async () => {
    const asked = Promise.withResolvers<Call>();
    const one = await open(asked.resolve);
    const life = new AbortController();
    const reading = assert.rejects(gather(one.stream(ASK, {}, { signal: life.signal })), {
      code: 'CANCELLED',
    });
    const call = await asked.promise;
    life.abort();
    await reading;
    await call.cancelled;
    await assert.rejects(gather(one.stream(ASK, {}, { signal: life.signal })), { code: 'CANCELLED' });
  });

  test('a reader that has enough ends the stream', async () => {
    const asked = Promise.withResolvers<Call>();
    const one = await open((call) => {
      asked.resolve(call);
      call.send(Answer.encode({ number: 1 }));
    });
    for await (const _ of one.stream(ASK, {}, { signal: new AbortController().signal })) break;
    await (await asked.promise).cancelled;
  });

  test('closing ends the calls that are under way', async () => {
    const asked = Promise.withResolvers<Call>();
    const one = await open(asked.resolve);
    const answer = assert.rejects(one.unary(ASK, {}, unlimited), { code: 'UNAVAILABLE' });
    await asked.promise;
    one.close();
    await answer;
  });
});
