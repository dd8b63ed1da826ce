// What a client needs to know of a resource. Apart from definition.ts, so that the published client's types do not
// bring the server's along.
import type { KubeObject } from '../apimachinery/meta.ts';

/** How a resource is addressed. The type parameter is only for the compiler. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set; carries T. */
  readonly __type?: T;
}

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

/** 'apps/v1', 'deployments', 'Deployment' → a ResourceType. `cluster` marks cluster-scoped ones. */
export function resourceType<T extends KubeObject>(
  apiVersion: string,
  plural: string,
  kind: string,
  scope?: 'cluster',
): ResourceType<T> {
  const [version, group = ''] = apiVersion.split('/').reverse() as [string, string?];
  return { group, version, plural, kind, namespaced: scope !== 'cluster' };
}
