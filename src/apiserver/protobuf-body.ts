// Objects of built-in types in Kubernetes' protobuf form, which typed clients (kubectl create, client-go) prefer. Custom
// resources have none.
import { builtinSchema, findKindFact } from '../api/facts.ts';
import { type Decoded, DecodeError } from '../apimachinery/codec/decoded.ts';
import { decodeMessage, openEnvelope } from '../apimachinery/codec/protobuf.ts';
import { encodeMessage, envelope } from '../apimachinery/codec/protobuf-writer.ts';
import { type JsonObject, type KubeObject, parseGroupVersion } from '../apimachinery/meta.ts';
import type { TypeSchema } from '../apimachinery/schema.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** Throws DecodeError, also for kinds that have no protobuf form (custom resources). */
export function decodeProtobuf(bytes: Uint8Array): Decoded {
  const { apiVersion, kind, raw } = openEnvelope(bytes);
  const value = { apiVersion, kind, ...decodeMessage(raw, schemaOf(apiVersion, kind), builtinSchema) };
  return { value, duplicates: [], literals: new Map(), problems: [] };
}

/** An object that says its type, in pieces. Throws DecodeError for a kind that has no protobuf form. */
export function encodeProtobuf(object: KubeObject): Uint8Array[] {
  const { apiVersion = '', kind = '' } = object;
  return sealed({ apiVersion, kind }, [messageOf(object)]);
}

/** `message` in pieces, in the envelope that tells its type. */
export function sealed(type: { apiVersion: string; kind: string }, message: readonly Uint8Array[]): Uint8Array[] {
  const length = message.reduce((sum, { length }) => sum + length, 0);
  const { head, tail } = envelope(type, length);
  return [head, ...message, tail];
}

/** The message of an object that says its type, without an envelope. */
export const messageOf = (object: Pick<KubeObject, 'apiVersion' | 'kind'>): Uint8Array =>
  encodeMessage(object as JsonObject, schemaOf(object.apiVersion ?? '', object.kind ?? ''), builtinSchema);

/** Types of meta are registered in every group (Status, options of requests), but are of one version. */
function schemaOf(apiVersion: string, kind: string): TypeSchema {
  const { group, version } = parseGroupVersion(apiVersion);
  const meta = { group: 'meta.k8s.io', version: 'v1' };
  for (const home of [{ group, version }, meta]) {
    const fact = findKindFact(home.group, home.version, kind);
    if (fact) return builtinSchema.type(fact.t);
  }
  throw new DecodeError(`no kind "${kind}" is registered for version "${apiVersion}"`);
}
