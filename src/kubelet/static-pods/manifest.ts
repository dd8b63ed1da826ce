// The text of a manifest → the static pod it stands for, with defaults, checked as the API checks it
// (pkg/kubelet/config/common.go). The uid follows from the content, the file and the node.
import { createHash } from 'node:crypto';
import { builtinDefinitions, builtinSchema } from '../../api/index.ts';
import type { Pod, Toleration } from '../../api/types/core/v1.ts';
import { decodeTyped } from '../../apimachinery/codec/strict.ts';
import { decodeYaml } from '../../apimachinery/codec/yaml.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { invalid } from '../../apimachinery/status-error.ts';
import { allContainers, specOf } from '../pod-record.ts';
import { HASH, SEEN, SOURCE } from './annotations.ts';

const SURVIVES_NODE_PROBLEMS: Toleration = { operator: 'Exists', effect: 'NoExecute' };

/** Throws an Error that says what is wrong with it. `seen` is RFC 3339. */
export function parseManifest(text: string, from: { file: string; nodeName: string; seen: string }): Pod {
  const definition = builtinDefinitions().find((one) => one.plural === 'pods' && one.group === '');
  if (!definition) throw new Error('this server knows no pods');
  const decoded = decodeYaml(text);
  const { apiVersion, kind } = (decoded.value ?? {}) as { apiVersion?: string; kind?: string };
  if (apiVersion !== 'v1' || kind !== 'Pod') {
    throw new Error(`it must be one Pod of v1, and is ${kind ?? 'nothing'} of ${apiVersion ?? 'no version'}`);
  }
  const object = decodeTyped(decoded, definition.schema, builtinSchema).value as AnyObject;
  if (!object.metadata?.name) throw new Error('invalid pod: name is needed for the pod');
  const uid = object.metadata.uid ?? hashOf(object, from);
  object.metadata = {
    ...object.metadata,
    uid,
    name: `${object.metadata.name}-${from.nodeName.toLowerCase()}`,
    namespace: object.metadata.namespace ?? 'default',
    annotations: { ...object.metadata.annotations, [HASH]: uid, [SEEN]: from.seen, [SOURCE]: 'file' },
  };
  definition.setDefaults(object);
  const pod = object as unknown as Pod;
  const spec = specOf(pod);
  spec.nodeName = from.nodeName;
  spec.tolerations = [...(spec.tolerations ?? []), SURVIVES_NODE_PROBLEMS];
  pod.status = { phase: 'Pending' };
  const errors = [...definition.validate(object), ...(definition.validateCreate?.(object) ?? [])];
  if (errors.length > 0) throw invalid({ group: '', kind: 'Pod' }, pod.metadata.name ?? '', errors);
  assertIndependent(pod);
  return pod;
}

const hashOf = (object: AnyObject, { file, nodeName }: { file: string; nodeName: string }): string =>
  createHash('sha256')
    .update(`${JSON.stringify(object)}host:${nodeName}file:${file}`)
    .digest('hex')
    .slice(0, 32);

/** It runs before, and without, the API. */
function assertIndependent(pod: Pod): void {
  const spec = specOf(pod);
  const projected = (spec.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? []);
  const references: [boolean, string][] = [
    [spec.serviceAccountName !== undefined, 'a service account'],
    [(spec.volumes ?? []).some((v) => v.secret) || projected.some((s) => s.secret), 'secrets'],
    [(spec.volumes ?? []).some((v) => v.configMap) || projected.some((s) => s.configMap), 'configmaps'],
    [(spec.volumes ?? []).some((v) => v.persistentVolumeClaim), 'persistentvolumeclaims'],
    [projected.some((s) => s.clusterTrustBundle), 'ClusterTrustBundle projected volume sources'],
    [(spec.resourceClaims ?? []).length > 0, 'ResourceClaims'],
    [
      allContainers(spec).some((c) =>
        [...(c.env ?? []).map((e) => e.valueFrom), ...(c.envFrom ?? [])].some(
          (source) =>
            source &&
            ('configMapKeyRef' in source ||
              'secretKeyRef' in source ||
              'configMapRef' in source ||
              'secretRef' in source),
        ),
      ),
      'configmaps or secrets',
    ],
  ];
  const found = references.find(([is]) => is);
  if (found) throw new Error(`static pods may not use ${found[1]}`);
}
