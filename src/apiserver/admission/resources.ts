// Resource types that only admission looks at.
import type { ResourceType } from '../../api/definition.ts';
import type { LimitRange } from '../../api/types/core/v1.ts';
import type { IngressClass } from '../../api/types/networking/v1.ts';
import type { RuntimeClass } from '../../api/types/node/v1.ts';
import type { StorageClass } from '../../api/types/storage/v1.ts';

export const limitRanges: ResourceType<LimitRange> = {
  group: '',
  version: 'v1',
  plural: 'limitranges',
  kind: 'LimitRange',
  namespaced: true,
};

export const storageClasses: ResourceType<StorageClass> = {
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'storageclasses',
  kind: 'StorageClass',
  namespaced: false,
};

export const ingressClasses: ResourceType<IngressClass> = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'ingressclasses',
  kind: 'IngressClass',
  namespaced: false,
};

export const runtimeClasses: ResourceType<RuntimeClass> = {
  group: 'node.k8s.io',
  version: 'v1',
  plural: 'runtimeclasses',
  kind: 'RuntimeClass',
  namespaced: false,
};
