// The Warning of a deprecated kind, in the words of k8s.io/apiserver pkg/endpoints/deprecation.
import { formatGroupVersion } from '../apimachinery/meta.ts';
import { kindFact, type ResourceFact } from './facts.ts';

/** v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice */
export function deprecationWarnings({ g: group, v: version, k: kind }: Pick<ResourceFact, 'g' | 'v' | 'k'>): string[] {
  const { depr, removed, repl } = kindFact(group, version, kind);
  if (!depr) return [];
  const gone = removed ? `, unavailable in v${removed}+` : '';
  const instead = repl ? `; use ${replacement(repl)}` : '';
  return [`${formatGroupVersion({ group, version })} ${kind} is deprecated in v${depr}+${gone}${instead}`];
}

/** 'discovery.k8s.io/v1, Kind=EndpointSlice' → 'discovery.k8s.io/v1 EndpointSlice' */
const replacement = (kind: string): string => kind.replace(', Kind=', ' ');
