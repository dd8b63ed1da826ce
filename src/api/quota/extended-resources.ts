// Resources that are neither Kubernetes' own nor known to it: pkg/apis/core/v1/helper, IsExtendedResourceName.
import { isQualifiedName } from '../../apimachinery/names.ts';

export function isExtendedResource(name: string): boolean {
  const native = !name.includes('/') || name.includes('kubernetes.io/');
  return !native && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`).length === 0;
}
