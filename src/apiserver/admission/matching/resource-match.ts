// MatchResources of policies and bindings: selectors, rules, rules that exclude
// (k8s.io/apiserver pkg/admission/plugin/policy/matching/matching.go).
import type { ResourceDefinition } from '../../../api/definition.ts';
import type { MatchResources } from '../../../api/types/admissionregistration/v1.ts';
import type { AdmissionRequest } from '../../identity.ts';
import type { ObjectReader } from '../../reader.ts';
import { type Equivalents, matchedVersion } from './rules.ts';
import { compileSelectors } from './selectors.ts';

export interface ResourceMatch {
  /** Whether rules could mean such a request, whatever its names and labels are. */
  mayMatch(request: AdmissionRequest): boolean;
  /** The version that is meant; an Error where that cannot be told. */
  match(request: AdmissionRequest): ResourceDefinition | Error | undefined;
}

export function compileMatch(
  given: MatchResources | undefined,
  { reader, equivalents }: { reader: ObjectReader; equivalents: Equivalents },
): ResourceMatch {
  const { resourceRules = [], excludeResourceRules = [], matchPolicy } = given ?? {};
  const selectors = compileSelectors(given ?? {}, reader);
  const anyName = resourceRules.map(({ resourceNames: _names, ...rule }) => rule);
  const version = (rules: typeof resourceRules, request: AdmissionRequest) =>
    matchedVersion({ rules, matchPolicy }, request, equivalents);
  return {
    mayMatch: (request) => resourceRules.length === 0 || version(anyName, request) !== undefined,
    match(request) {
      const selected = selectors.select(request);
      if (selected === false || version(excludeResourceRules, request)) return undefined;
      const matched = resourceRules.length === 0 ? request.definition : version(resourceRules, request);
      return matched && selected instanceof Error ? selected : matched;
    },
  };
}
