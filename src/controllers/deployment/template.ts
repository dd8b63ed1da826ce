// When two pod templates are the same, and the short hash that names a template's ReplicaSet. Pure.
import type { Deployment, ReplicaSet } from '../../api/types/apps/v1.ts';
import type { PodTemplateSpec } from '../../api/types/core/v1.ts';
import { canonical } from '../same.ts';
import { byCreation } from './replicas.ts';

export const TEMPLATE_HASH = 'pod-template-hash';

/** The letters upstream uses: none that could spell a word (apimachinery util/rand). */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** The same for equal templates, whatever the order of their fields; another one per collision. */
export function templateHash(template: PodTemplateSpec, collisionCount: number | undefined): string {
  const text = `${canonical(template)}${collisionCount === undefined ? '' : `#${collisionCount}`}`;
  let hash = 0x811c9dc5; // FNV-1a, 32 bits
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return [...String(hash)].map((digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join('');
}

/** A ReplicaSet's template without the label that the Deployment put on it. */
export function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [TEMPLATE_HASH]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

export const sameTemplate = (a: PodTemplateSpec, b: PodTemplateSpec): boolean =>
  canonical(withoutHash(a)) === canonical(withoutHash(b));

/** The oldest ReplicaSet that has the Deployment's template. */
export const findNew = (deployment: Deployment, replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined =>
  replicaSets
    .toSorted(byCreation)
    .find((replicaSet) => sameTemplate(replicaSet.spec.template ?? {}, deployment.spec.template));
