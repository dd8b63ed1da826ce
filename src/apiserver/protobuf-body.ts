// Request bodies in Kubernetes' protobuf form, which typed clients (kubectl create, client-go) send for built-in types.
import { builtinSchema, kindFact } from '../api/facts.ts';
import { type Decoded, DecodeError } from '../apimachinery/codec/decoded.ts';
import { decodeMessage, openEnvelope } from '../apimachinery/codec/protobuf.ts';
import { parseGroupVersion } from '../apimachinery/meta.ts';
import type { TypeSchema } from '../apimachinery/schema.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** Throws DecodeError, also for kinds that have no protobuf form (custom resources). */
export function decodeProtobuf(bytes: Uint8Array): Decoded {
  const { apiVersion, kind, raw } = openEnvelope(bytes);
  const value = { apiVersion, kind, ...decodeMessage(raw, schemaOf(apiVersion, kind), builtinSchema) };
  return { value, duplicates: [], literals: new Map(), problems: [] };
}

function schemaOf(apiVersion: string, kind: string): TypeSchema {
  const { group, version } = parseGroupVersion(apiVersion);
  // Options of requests are registered in every group, but are of one type.
  const home = kind === 'DeleteOptions' ? { group: 'meta.k8s.io', version: 'v1' } : { group, version };
  try {
    return builtinSchema.type(kindFact(home.group, home.version, kind).t);
  } catch {
    throw new DecodeError(`no kind "${kind}" is registered for version "${apiVersion}"`);
  }
}
