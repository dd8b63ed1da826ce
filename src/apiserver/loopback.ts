// The transport of callers in this process: the same pipeline as kubectl's, without sockets and encoding.
// Objects that come back are the store's own, frozen; those with integers beyond 2^53 are rounded, as in JSON that is parsed.
import type { ResourceDefinition } from '../api/definition.ts';
import { rounded } from '../apimachinery/codec/exact.ts';
import type { KubeObject, WatchEvent } from '../apimachinery/meta.ts';
import { pathNotFound } from '../apimachinery/status-error.ts';
import { answeredError, lines, parseAnswer } from '../client/answers.ts';
import { TransportError } from '../client/client.ts';
import type { Transport, TransportRequest } from '../client/transport.ts';
import type { StorageEntry } from '../storage/storage.ts';
import { listMetadata } from './encoding/encoding.ts';
import type { UserInfo } from './identity.ts';
import type { Pipeline } from './pipeline.ts';
import { apiVersionOf, viewOf } from './registry/keys.ts';
import type { WatchItem } from './registry/watch.ts';
import type { ApiRequest, ApiResult, ListResult, WatchResult } from './request.ts';

const NEVER = new AbortController().signal;

export function createLoopback(pipeline: Pipeline, user: UserInfo): Transport {
  const call = async (request: TransportRequest): Promise<ApiResult> => {
    if (request.signal?.aborted) throw new TransportError('the request was aborted', request.signal.reason);
    const { result, error } = await pipeline.handle(toApiRequest(request, user));
    if (error) throw error;
    return result;
  };
  return {
    async request(request) {
      const result = await call(request);
      if (result.type === 'object') return rounded(result.object);
      if (result.type === 'entry') return view(result.definition, result.entry);
      if (result.type === 'list') return listObject(result);
      if (result.type === 'stream') return await remoteObject(result);
      if (result.type === 'raw' && /json/.test(result.contentType)) {
        return JSON.parse(Buffer.from(result.body).toString()) as KubeObject;
      }
      // What the mux answers in plain text is a Status to clients.
      if (result.type === 'raw' && result.status === 404) throw pathNotFound();
      throw new TransportError(`${request.path} does not answer with an object`);
    },
    async *stream(request) {
      // Leaving the loop ends the watch, which may be asleep: only its signal wakes it.
      const left = new AbortController();
      const signal = request.signal ? AbortSignal.any([request.signal, left.signal]) : left.signal;
      try {
        const result = await call({ ...request, signal });
        if (result.type === 'stream') {
          yield* remoteEvents(result);
          return;
        }
        if (result.type !== 'watch') throw new TransportError(`${request.path} does not answer with a watch`);
        for await (const batch of result.batches) {
          await answersSent();
          for (const item of batch) yield watchEvent(result, item);
        }
      } finally {
        left.abort();
      }
    },
  };
}

/** Who waits for an answer to his write, waits for no controller that hears of it. */
const answersSent = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const toApiRequest = (request: TransportRequest, user: UserInfo): ApiRequest => ({
  method: request.method,
  path: request.path,
  query: request.query ?? new URLSearchParams(),
  headers: { 'user-agent': componentOf(user) },
  identity: { user },
  body: { kind: 'value', value: request.body, contentType: request.contentType ?? 'application/json' },
  signal: request.signal ?? NEVER,
});

/** Fields belong to the component: system:serviceaccount:kube-system:job-controller writes as job-controller. */
const componentOf = ({ username }: UserInfo): string =>
  username === 'system:apiserver' ? 'kube-apiserver' : (username.split(':').at(-1) as string);

type StreamResult = Extract<ApiResult, { type: 'stream' }>;

const AGGREGATED = 'an aggregated API server';

/** What another server answered for one of its groups. */
async function remoteObject({ status, body }: Pick<StreamResult, 'status' | 'body'>): Promise<KubeObject> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  if (status >= 300) throw answeredError(status, text);
  return parseAnswer<KubeObject>(text, AGGREGATED);
}

async function* remoteEvents({ status, body }: StreamResult): AsyncGenerator<WatchEvent> {
  if (status >= 300) await remoteObject({ status, body });
  for await (const line of lines(body)) yield parseAnswer<WatchEvent>(line, AGGREGATED);
}

const view = (definition: ResourceDefinition, entry: StorageEntry): KubeObject =>
  entry.mayHoldBigints ? rounded(viewOf(definition, entry)) : viewOf(definition, entry);

/** A list whose items are the store's own objects, typed. */
function listObject(list: ListResult): KubeObject {
  const { definition, entries } = list;
  return {
    kind: definition.listKind,
    apiVersion: apiVersionOf(definition),
    metadata: listMetadata(list),
    items: entries.map((entry) => view(definition, entry)),
  } as KubeObject;
}

function watchEvent({ definition }: WatchResult, item: WatchItem): WatchEvent {
  if (item.type === 'ERROR') return { type: 'ERROR', object: item.object as unknown as KubeObject };
  if (item.type === 'BOOKMARK') return item;
  return { type: item.type, object: typed(definition, view(definition, item.entry)) };
}

const typed = (definition: WatchResult['definition'], object: KubeObject): KubeObject =>
  object.kind ? object : { kind: definition.kind, apiVersion: apiVersionOf(definition), ...object };
