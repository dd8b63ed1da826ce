// On which nodes devices are: by name, by selector, or everywhere (pkg/apis/resource/validation).
import { isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { NodeSelector } from '../types/core/v1.ts';
import { validateNodeSelector } from '../validation/affinity.ts';
import { invalidEach } from '../validation/rules.ts';

export interface Place {
  nodeName?: string;
  nodeSelector?: NodeSelector;
  allNodes?: boolean;
}

/** What is wrong, and which ways are taken: it is up to the caller how many there must be. */
export function nodeErrors({ nodeName, nodeSelector, allNodes }: Place, path: string) {
  const errors: FieldError[] = [];
  const given: string[] = [];
  if (nodeName) {
    given.push('`nodeName`');
    errors.push(...invalidEach(`${path}.nodeName`, nodeName, isDNS1123Subdomain(nodeName)));
  } else if (nodeName !== undefined) {
    const text = 'must be either unset or set to a non-empty string';
    errors.push(fieldError.invalid(`${path}.nodeName`, nodeName, text));
  }
  if (nodeSelector) {
    given.push('`nodeSelector`');
    errors.push(...validateNodeSelector(nodeSelector, `${path}.nodeSelector`));
  }
  if (allNodes) given.push('`allNodes`');
  else if (allNodes !== undefined) {
    errors.push(fieldError.invalid(`${path}.allNodes`, allNodes, 'must be either unset or set to true'));
  }
  return { errors, given };
}
