// Defaults of autoscalers, after pkg/apis/autoscaling/v2/defaults.go.
import type { Struct, TypeDefault } from '../normalise.ts';

const CPU_UTILIZATION = 80;
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics';

const SCALE_UP = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};

const SCALE_DOWN = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };

function autoscalerSpec(spec: Struct): void {
  spec.metrics ??= [
    {
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: CPU_UTILIZATION } },
    },
  ];
  const behavior = spec.behavior as Struct | undefined;
  if (!behavior) return;
  behavior.scaleUp = { ...structuredClone(SCALE_UP), ...(behavior.scaleUp as Struct | undefined) };
  behavior.scaleDown = { ...structuredClone(SCALE_DOWN), ...(behavior.scaleDown as Struct | undefined) };
}

/** The utilisation that v1 has in its status is one of the metrics that it has in an annotation. */
function carryUtilization(value: Struct): void {
  const { currentCPUUtilizationPercentage: percent } = (value.status ?? {}) as Struct;
  const metadata = (value.metadata ?? {}) as { annotations?: Record<string, string> };
  if (percent === undefined || metadata.annotations?.[CURRENT_METRICS] !== undefined) return;
  const resource = { name: 'cpu', currentAverageUtilization: percent, currentAverageValue: '0' };
  metadata.annotations = {
    ...metadata.annotations,
    [CURRENT_METRICS]: JSON.stringify([{ type: 'Resource', resource }]),
  };
  value.metadata = metadata;
}

/** Unless other metrics ride along in their annotation, v1 means CPU (conversion.ts). */
function autoscalerV1(value: Struct): void {
  carryUtilization(value);
  const { annotations } = (value.metadata ?? {}) as { annotations?: Record<string, string> };
  if (annotations?.['autoscaling.alpha.kubernetes.io/metrics']) return;
  const spec = (value.spec ?? {}) as Struct;
  value.spec = spec;
  spec.targetCPUUtilizationPercentage ??= CPU_UTILIZATION;
}

export const autoscalingDefaults: Readonly<Record<string, TypeDefault>> = {
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler': autoscalerV1,
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec': autoscalerSpec,
};
