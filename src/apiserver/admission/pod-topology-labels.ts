// PodTopologyLabels: a pod has the zone and region of the node it is bound to, so that its containers can be told
// (plugin/pkg/admission/podtopologylabels/admission.go).
import { nodes } from '../../api/resources.ts';
import type { Binding, PodSpec } from '../../api/types/core/v1.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { AdmissionPlugin } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { resourceOf } from './request.ts';

const LABELS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

export const podTopologyLabels = (reader: ObjectReader): AdmissionPlugin => ({
  name: 'PodTopologyLabels',
  admit(request) {
    const { object, operation, subresource } = request;
    const isMeant = operation === 'CREATE' || (operation === 'UPDATE' && subresource === '');
    if (!object || !isMeant || resourceOf(request) !== 'pods') return;
    const nodeName = subresource === 'binding' ? boundTo(object) : nodeOf(object, subresource);
    const node = nodeName ? reader.get(nodes, undefined, nodeName) : undefined;
    const labels = Object.entries(node?.metadata.labels ?? {}).filter(([key]) => LABELS.includes(key));
    if (labels.length > 0) object.metadata.labels = { ...object.metadata.labels, ...Object.fromEntries(labels) };
  },
});

/** Labels of a Binding become the pod's. */
function boundTo(binding: AnyObject): string | undefined {
  const { target } = binding as unknown as Binding;
  return target.kind === 'Node' ? target.name : undefined;
}

const nodeOf = (pod: AnyObject, subresource: string): string | undefined =>
  subresource === '' ? (pod.spec as PodSpec | undefined)?.nodeName : undefined;
