// The row of a HorizontalPodAutoscaler, for both versions.
import type { Cells } from '../behaviour.ts';
import type { HorizontalPodAutoscaler, MetricSpec, MetricTarget, MetricValueStatus } from '../types/autoscaling/v2.ts';
import { row } from './cell.ts';

const UNKNOWN = '<unknown>';
const MAX_LISTED = 2;

type Source = { target: MetricTarget; name?: string };
type Current = { current: MetricValueStatus };

/** What a metric asks for and what was last seen of it. */
function metricText(spec: MetricSpec, current: MetricValueStatus | undefined): string {
  const key = `${spec.type.charAt(0).toLowerCase()}${spec.type.slice(1)}`;
  const source = (spec as unknown as Record<string, Source | undefined>)[key];
  if (!source) return '<unknown type>';
  const { target } = source;
  if (spec.type === 'Resource' || spec.type === 'ContainerResource') {
    if (target.averageValue !== undefined)
      return `${source.name}: ${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
    const percent = (value: number | undefined, missing: string) => (value === undefined ? missing : `${value}%`);
    return `${source.name}: ${percent(current?.averageUtilization, UNKNOWN)}/${percent(target.averageUtilization, '<auto>')}`;
  }
  if (target.averageValue !== undefined) {
    const suffix = spec.type === 'Pods' ? '' : ' (avg)';
    return `${current?.averageValue ?? UNKNOWN}/${target.averageValue}${suffix}`;
  }
  return `${current?.value ?? UNKNOWN}/${target.value ?? UNKNOWN}`;
}

function metricsText({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  const texts = metrics.map((metric, index) => {
    const seen = status?.currentMetrics?.[index];
    const key = metric.type.charAt(0).toLowerCase() + metric.type.slice(1);
    return metricText(metric, (seen as unknown as Record<string, Current | undefined> | undefined)?.[key]?.current);
  });
  const shown = texts.slice(0, MAX_LISTED).join(', ');
  return texts.length > MAX_LISTED ? `${shown} + ${texts.length - MAX_LISTED} more...` : shown;
}

const autoscaler = row<HorizontalPodAutoscaler>((object, { name, age }) => [
  name,
  `${object.spec?.scaleTargetRef.kind}/${object.spec?.scaleTargetRef.name}`,
  metricsText(object),
  object.spec?.minReplicas === undefined ? '<unset>' : String(object.spec.minReplicas),
  object.spec?.maxReplicas ?? 0,
  object.status?.currentReplicas ?? 0,
  age,
]);

export const autoscalingCells: Readonly<Record<string, Cells>> = { 'HorizontalPodAutoscaler.autoscaling': autoscaler };
