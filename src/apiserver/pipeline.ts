// Every request, whatever carried it, goes through here: who is it, may he, what is it, do it. Whatever is
// thrown on the way becomes a Status; what nobody expected is logged and becomes a 500.
import { randomUUID } from 'node:crypto';
import { badRequest, StatusError } from '../apimachinery/status-error.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Aggregator } from './aggregation/aggregator.ts';
import type { RequestAuthenticator } from './authentication/authenticator.ts';
import { asksToImpersonate, impersonate } from './authentication/impersonation.ts';
import { forbiddenError } from './authorization/forbidden.ts';
import type { HandlerTable } from './call.ts';
import type { DefinitionCatalogue } from './catalogue.ts';
import { dispatch } from './dispatch.ts';
import type { FlowControl, Ticket } from './fairness/flow-control.ts';
import { isLongRunning, widthOf } from './fairness/work.ts';
import { decide } from './history/access.ts';
import type { Attributes, Authorizer, Decision, UserInfo } from './identity.ts';
import type { PathTable } from './paths/path-table.ts';
import type { WriteEnvironment } from './registry/write.ts';
import { type Answer, type ApiRequest, type ApiResponse, header } from './request.ts';
import { parseRequestInfo, type RequestInfo } from './request-info.ts';

export interface PipelineOptions {
  authenticator: RequestAuthenticator;
  authorizer: Authorizer;
  catalogue: DefinitionCatalogue;
  handlers: HandlerTable;
  paths: PathTable;
  environment: WriteEnvironment;
  flowControl: FlowControl;
  aggregator: Pick<Aggregator, 'find' | 'proxy'>;
  clock: Clock;
  log: Logger;
  /** Aborts when the server stops: ends watches and other long answers. */
  stopping: AbortSignal;
  observe?(observation: RequestObservation): void;
}

export interface RequestObservation {
  info: RequestInfo;
  code: number;
  seconds: number;
}

export interface Pipeline {
  /** Never rejects: errors are answers too. */
  handle(request: ApiRequest): Promise<ApiResponse & { error?: StatusError }>;
}

/** Subresources that open a connection; since 1.35 opening one takes the right to create, whatever the method. */
const CONNECTING = new Set(['exec', 'attach', 'portforward']);

export function createPipeline(options: PipelineOptions): Pipeline {
  const { authorizer, clock, log } = options;

  async function run(
    request: ApiRequest,
    info: RequestInfo,
    { warn, admitted }: { warn(text: string): void; admitted(ticket: Ticket): void },
  ): Promise<Answer> {
    const user = await identify(request, info);
    const attributes = attributesOf(user, info, request);
    if (!isLongRunning(info)) {
      const width = widthOf(info, request.query, options);
      const ticket = options.flowControl.enter(attributes, { width, caller: request });
      admitted(ticket instanceof Promise ? await ticket : ticket);
    }
    const decision = authorize(attributes);
    if (decision) await decision;
    if (CONNECTING.has(info.subresource) && info.resource === 'pods' && info.verb === 'get') {
      await authorize({ ...attributes, verb: 'create' });
    }
    checkTimeout(request.query);
    const remote = options.aggregator.find(info.path);
    if (!remote && !info.isResource) return { result: await options.paths.handle({ request, user, info }) };
    const signal = () => AbortSignal.any([request.signal, options.stopping]);
    if (remote) return { result: await options.aggregator.proxy(remote, { request, user, signal: signal() }) };
    return await dispatch({ request, info, user, env: options.environment, signal, warn }, options);
  }

  async function identify(request: ApiRequest, info: RequestInfo): Promise<UserInfo> {
    if ('user' in request.identity) return request.identity.user;
    const user = await options.authenticator.authenticate(request.identity.credentials);
    if (!asksToImpersonate(request.headers)) return user;
    return await impersonate(attributesOf(user, info, request), request.headers, authorizer);
  }

  /** Throws, or rejects with, 403. A decision is on the path of every request, and most are there at once. */
  function authorize(attributes: Attributes): void | Promise<void> {
    const settle = ({ result, reason }: Decision) => {
      if (result !== 'allow') throw forbiddenError(attributes, reason);
    };
    const decision = decide(authorizer, attributes);
    return decision instanceof Promise ? decision.then(settle) : settle(decision);
  }

  return {
    async handle(request) {
      const started = clock.monotonic();
      const auditId = header(request, 'audit-id') || randomUUID();
      const warnings: string[] = [];
      const warn = (text: string) => {
        if (!warnings.includes(text)) warnings.push(text);
      };
      let ticket: Ticket | undefined;
      const admitted = (given: Ticket) => {
        ticket = given;
      };
      const info = parseRequestInfo(request.method, request.path, request.query);
      const finish = (answer: Answer, error?: StatusError) => {
        ticket?.release();
        const { result } = answer;
        const code = 'status' in result ? result.status : result.type === 'upgraded' ? 101 : 200;
        options.observe?.({ info, code, seconds: (clock.monotonic() - started) / 1000 });
        return { ...answer, warnings, auditId, ...(ticket ? { ticket } : {}), ...(error ? { error } : {}) };
      };
      try {
        return finish(await run(request, info, { warn, admitted }));
      } catch (thrown) {
        const error = toStatusError(thrown, { log, info, auditId });
        return finish({ result: { type: 'object', status: error.code, object: error.status } }, error);
      }
    },
  };
}

/** The panic barrier: nothing that is no StatusError tells its insides to a client. */
function toStatusError(
  thrown: unknown,
  { log, info, auditId }: { log: Logger; info: RequestInfo; auditId: string },
): StatusError {
  if (thrown instanceof StatusError) return thrown;
  log.error({ err: thrown, verb: info.verb, path: info.path, auditId }, 'request failed unexpectedly');
  return new StatusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: this request caused a fault in the server; its log has more under audit id ${auditId}`,
  });
}

function attributesOf(user: UserInfo, info: RequestInfo, { query }: ApiRequest): Attributes {
  const fieldSelector = query.get('fieldSelector');
  const selects = ['list', 'watch', 'deletecollection'].includes(info.verb);
  return {
    user,
    verb: info.verb,
    isResource: info.isResource,
    apiGroup: info.apiGroup,
    apiVersion: info.apiVersion,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    path: info.path,
    ...(selects && fieldSelector ? { fieldSelector } : {}),
  };
}

/** `timeout` is a Go duration; nothing here takes so long that it would matter, but nonsense is told. */
function checkTimeout(query: URLSearchParams): void {
  const timeout = query.get('timeout');
  if (timeout && !/^[-+]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$/.test(timeout)) {
    throw badRequest(`invalid timeout specified in the request URL: time: invalid duration ${JSON.stringify(timeout)}`);
  }
}
