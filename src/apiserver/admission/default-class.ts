// DefaultStorageClass and DefaultIngressClass: an object that names no class gets the one annotated as default, the
// newest of several.
import type { ResourceType } from '../../api/definition.ts';
import type { KubeObject } from '../../apimachinery/meta.ts';
import type { AdmissionPlugin } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { isFor } from './request.ts';
import { ingressClasses, storageClasses } from './resources.ts';

export const defaultStorageClass = (reader: ObjectReader): AdmissionPlugin => ({
  name: 'DefaultStorageClass',
  admit(request) {
    if (!isFor(request, 'persistentvolumeclaims', ['CREATE'])) return;
    const { metadata, spec } = request.object as unknown as ClassedObject<'storageClassName'>;
    if (metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined) return;
    if (spec.storageClassName !== undefined) return;
    const name = newestDefault(reader, storageClasses, [
      'storageclass.kubernetes.io/is-default-class',
      'storageclass.beta.kubernetes.io/is-default-class',
    ]);
    if (name) spec.storageClassName = name;
  },
});

export const defaultIngressClass = (reader: ObjectReader): AdmissionPlugin => ({
  name: 'DefaultIngressClass',
  admit(request) {
    if (!isFor(request, 'ingresses.networking.k8s.io', ['CREATE'])) return;
    const { metadata, spec } = request.object as unknown as ClassedObject<'ingressClassName'>;
    if (metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return;
    if (spec.ingressClassName !== undefined) return;
    const name = newestDefault(reader, ingressClasses, ['ingressclass.kubernetes.io/is-default-class']);
    if (name) spec.ingressClassName = name;
  },
});

type ClassedObject<Field extends string> = KubeObject & { spec: Partial<Record<Field, string>> };

function newestDefault(reader: ObjectReader, type: ResourceType, annotations: readonly string[]): string | undefined {
  const created = (object: KubeObject) => object.metadata.creationTimestamp ?? '';
  const name = (object: KubeObject) => object.metadata.name ?? '';
  const [newest] = reader
    .list(type)
    .filter(({ metadata }) => annotations.some((key) => metadata.annotations?.[key] === 'true'))
    .sort((a, b) => compare(created(b), created(a)) || compare(name(a), name(b)));
  return newest && name(newest);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
