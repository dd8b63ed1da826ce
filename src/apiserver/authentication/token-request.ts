// What POST …/serviceaccounts/<name>/token does: checks a TokenRequest and answers with a signed token.
// Rules and order are those of pkg/registry/core/serviceaccount/storage/token.go.
import { nodes, pods, secrets, serviceAccounts } from '../../api/resources.ts';
import type { TokenRequest } from '../../api/types/authentication/v1.ts';
import type { KubeObject } from '../../apimachinery/meta.ts';
import { badRequest, conflict, fieldError, invalid, notFound } from '../../apimachinery/status-error.ts';
import { type Clock, timestamp } from '../../clock.ts';
import type { ObjectReader } from '../reader.ts';
import type { ServiceAccountTokens, TokenSpec } from './tokens.ts';

export interface TokenRequestContext {
  reader: ObjectReader;
  tokens: ServiceAccountTokens;
  clock: Clock;
  namespace: string;
  /** Of the service account. */
  name: string;
}

const KIND = { group: 'authentication.k8s.io', kind: 'TokenRequest' };
const MIN_SECONDS = 10 * 60;
const MAX_SECONDS = 2 ** 32;
/** Of a request that says nothing. */
export const DEFAULT_SECONDS = 60 * 60;
/** What the kubelet asks for in projected volumes: such tokens live a year and only warn after the hour. */
const WARN_ONLY_SECONDS = 60 * 60 + 7;
const EXTENDED_SECONDS = 365 * 24 * 60 * 60;

/** The TokenRequest with its status filled in. Throws StatusError. */
export async function issueServiceAccountToken(
  request: TokenRequest,
  context: TokenRequestContext,
): Promise<TokenRequest> {
  const { reader, tokens, namespace, name } = context;
  const { metadata } = request;
  const mismatch = (field: string, value: string, what: string) =>
    invalid(KIND, name, [
      fieldError.invalid(`metadata.${field}`, value, `must match the service account ${what} if specified`),
    ]);
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (metadata.name && metadata.name !== name) throw mismatch('name', metadata.name, 'name');
  const account = reader.get(serviceAccounts, namespace, name);
  if (!account) throw notFound({ group: '', resource: 'serviceaccounts' }, name);
  const uid = account.metadata.uid as string;
  if (metadata.uid && metadata.uid !== uid) {
    throw conflict(
      { group: KIND.group, resource: KIND.kind },
      name,
      `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${uid})`,
    );
  }
  const audiences = request.spec.audiences?.length ? request.spec.audiences : [...tokens.audiences];
  const seconds = request.spec.expirationSeconds ?? DEFAULT_SECONDS;
  checkExpiration(seconds);

  const bound = boundObjects(request, context);
  const extended =
    bound.pod && seconds === WARN_ONLY_SECONDS && audiences.every((audience) => tokens.audiences.includes(audience));
  const token = await tokens.issue({
    namespace,
    serviceAccount: { name, uid },
    ...bound,
    audiences,
    expirationSeconds: extended ? EXTENDED_SECONDS : seconds,
    ...(extended ? { warnAfterSeconds: seconds } : {}),
  });
  const now = context.clock.now();
  return {
    ...request,
    metadata: { ...metadata, name, namespace, uid, creationTimestamp: timestamp(context.clock) },
    spec: { ...request.spec, audiences, expirationSeconds: seconds },
    status: {
      token,
      expirationTimestamp: `${new Date(now + seconds * 1000).toISOString().slice(0, 19)}Z`,
    },
  };
}

function checkExpiration(seconds: number): void {
  const wrong = (detail: string) =>
    invalid(KIND, '', [fieldError.invalid('spec.expirationSeconds', seconds, `may not specify a duration ${detail}`)]);
  if (seconds < MIN_SECONDS) throw wrong('less than 10 minutes');
  if (seconds > MAX_SECONDS) throw wrong('larger than 2^32 seconds');
}

const BINDABLE = ['Pod', 'Node', 'Secret'];

function boundObjects(
  request: TokenRequest,
  { reader, namespace, name }: TokenRequestContext,
): Pick<TokenSpec, 'pod' | 'secret' | 'node'> {
  const reference = request.spec.boundObjectRef;
  if (!reference) return {};
  const wanted = reference.name ?? '';
  const [version = '', group = ''] = (reference.apiVersion ?? '').split('/').reverse();
  const found = <T extends KubeObject>(resource: string, object: T | undefined): T & { metadata: { uid: string } } => {
    if (!object) throw notFound({ group: '', resource }, wanted);
    const uid = object.metadata.uid ?? '';
    if (reference.uid && reference.uid !== uid) {
      throw conflict(
        { group: '', resource: reference.kind ?? '' },
        wanted,
        `the UID in the bound object reference (${reference.uid}) does not match the UID in record. ` +
          'The object might have been deleted and then recreated',
      );
    }
    return object as T & { metadata: { uid: string } };
  };
  const kind = group === '' ? reference.kind : undefined; // of whatever version
  if (kind && BINDABLE.includes(kind) && wanted === '') throw badRequest('Name parameter required.');
  switch (kind) {
    case 'Pod': {
      const object = reader.get(pods, namespace, wanted);
      if (object && object.spec?.serviceAccountName !== name) {
        throw badRequest(
          `cannot bind token for serviceaccount "${name}" to pod running with different serviceaccount name.`,
        );
      }
      const pod = found('pods', object);
      const nodeName = pod.spec?.nodeName;
      const nodeUid = nodeName ? reader.get(nodes, undefined, nodeName)?.metadata.uid : undefined;
      return {
        pod: { name: wanted, uid: pod.metadata.uid },
        ...(nodeName ? { node: { name: nodeName, ...(nodeUid ? { uid: nodeUid } : {}) } } : {}),
      };
    }
    case 'Node': {
      const node = found('nodes', reader.get(nodes, undefined, wanted));
      return { node: { name: wanted, uid: node.metadata.uid } };
    }
    case 'Secret': {
      const secret = found('secrets', reader.get(secrets, namespace, wanted));
      return { secret: { name: wanted, uid: secret.metadata.uid } };
    }
    default: {
      throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${reference.kind ?? ''}`);
    }
  }
}
