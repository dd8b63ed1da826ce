// The objects that a binding gives its policy to judge by (k8s.io/apiserver
// pkg/admission/plugin/policy/generic/policy_dispatcher.go CollectParams).
import type { ResourceDefinition } from '../../../api/definition.ts';
import type { ParamKind, ParamRef } from '../../../api/types/admissionregistration/v1.ts';
import { matchesLabelSelector } from '../../../apimachinery/labels.ts';
import { type AnyObject, parseGroupVersion } from '../../../apimachinery/meta.ts';
import type { DefinitionCatalogue } from '../../catalogue.ts';
import type { ObjectReader } from '../../reader.ts';
import { readyView } from '../../registry/keys.ts';

/** A policy or binding that cannot be followed as it is; the failure policy says what comes of it. */
export class ConfigurationError extends Error {}

/** Throws ConfigurationError for a kind that nobody serves. */
export function paramDefinition(
  { apiVersion = '', kind = '' }: ParamKind,
  catalogue: DefinitionCatalogue,
): ResourceDefinition {
  const { group, version } = parseGroupVersion(apiVersion);
  const found = catalogue.findKind(group, version, kind);
  if (found) return found;
  throw new ConfigurationError(`failed to find resource referenced by paramKind: '${group}/${version}, Kind=${kind}'`);
}

/** One undefined where there are none to be; none where there should be some, and that is fine. */
export async function collectParams(
  definition: ResourceDefinition | undefined,
  ref: ParamRef | undefined,
  { namespace, reader }: { namespace: string; reader: ObjectReader },
): Promise<(AnyObject | undefined)[]> {
  if (!definition || !ref) return [undefined];
  const found = find(definition, ref, { namespace: placeOf(definition, ref, namespace), reader });
  if (found.length === 0 && ref.parameterNotFoundAction === 'Deny') {
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  return await Promise.all(found.map((object) => readyView(definition, { object })));
}

function placeOf({ namespaced }: ResourceDefinition, ref: ParamRef, namespace: string): string | undefined {
  if (!namespaced) {
    if (!ref.namespace) return undefined;
    throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  }
  if (ref.namespace || namespace) return ref.namespace || namespace;
  throw new ConfigurationError(
    'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
  );
}

function find(
  definition: ResourceDefinition,
  { name, selector }: ParamRef,
  { namespace, reader }: { namespace: string | undefined; reader: ObjectReader },
): AnyObject[] {
  if (!name) {
    const all = reader.list(definition, namespace) as AnyObject[];
    return all.filter(({ metadata }) => matchesLabelSelector(selector, metadata.labels));
  }
  const found = reader.get(definition, namespace, name);
  return found ? [found as AnyObject] : [];
}
