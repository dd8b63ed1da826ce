// Defaults of workloads, after pkg/apis/apps/v1/defaults.go.
import type { Struct, TypeDefault } from '../normalise.ts';

/** The struct at `field`, made when missing. */
function part(value: Struct, field: string): Struct {
  const found = (value[field] ?? {}) as Struct;
  value[field] = found;
  return found;
}

function daemonSet(spec: Struct): void {
  const strategy = part(spec, 'updateStrategy');
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') part(strategy, 'rollingUpdate').maxSurge ??= 0;
}

/** extensions/v1beta1 had a field for this; here an annotation stands in for it, in whatever is read. */
function countTemplates(value: Struct): void {
  const metadata = part(value, 'metadata');
  const annotations = part(metadata, 'annotations');
  annotations['deprecated.daemonset.template.generation'] ??= '0';
}

function deployment(spec: Struct): void {
  const strategy = part(spec, 'strategy');
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') part(strategy, 'rollingUpdate');
}

function statefulSet(spec: Struct): void {
  const strategy = part(spec, 'updateStrategy');
  if (!strategy.type) {
    strategy.type = 'RollingUpdate';
    part(strategy, 'rollingUpdate');
  }
  part(spec, 'persistentVolumeClaimRetentionPolicy');
  for (const claim of (spec.volumeClaimTemplates ?? []) as Struct[]) {
    claim.kind ||= 'PersistentVolumeClaim';
    claim.apiVersion ||= 'v1';
  }
}

export const appsDefaults: Readonly<Record<string, TypeDefault>> = {
  'io.k8s.api.apps.v1.DaemonSet': countTemplates,
  'io.k8s.api.apps.v1.DaemonSetSpec': daemonSet,
  'io.k8s.api.apps.v1.DeploymentSpec': deployment,
  'io.k8s.api.apps.v1.StatefulSetSpec': statefulSet,
};
