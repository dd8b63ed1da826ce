// Whether a container still is what its spec says: of the fields that can change, the kubelet starts a container anew
// for its image alone (container/helpers.go, pickFieldsToHash).
import { createHash } from 'node:crypto';
import type { Container } from '../api/types/core/v1.ts';
import type { ContainerStatus } from './cri/runtime.ts';

export const LABEL_CONTAINER_HASH = 'io.kubernetes.container.hash';

export const containerHash = ({ name, image = '' }: Container): string =>
  createHash('sha256').update(`${name}\n${image}`).digest('hex').slice(0, 8);

/** Containers without the label were made before there was one, and are left alone. */
export const isChanged = (container: Container, status: ContainerStatus): boolean => {
  const hash = status.labels[LABEL_CONTAINER_HASH];
  return hash !== undefined && hash !== containerHash(container);
};
