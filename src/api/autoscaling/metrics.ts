// What an autoscaler measures, and what it aims for (pkg/apis/autoscaling/validation validateMetrics).
import { isDNS1123Label, isPathSegmentName } from '../../apimachinery/names.ts';
import { compareQuantity, parseQuantity, ZERO } from '../../apimachinery/quantity.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type {
  ContainerResourceMetricSource,
  ExternalMetricSource,
  MetricSpec,
  MetricTarget,
  ObjectMetricSource,
  PodsMetricSource,
  ResourceMetricSource,
} from '../types/autoscaling/v2.ts';
import { containerResourceName } from '../validation/resource-names.ts';
import { invalidEach, required } from '../validation/rules.ts';
import { referenceErrors } from './references.ts';

/** In the order upstream looks for them: only the first is read. */
const SOURCES = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;
type SourceField = (typeof SOURCES)[number];

const FIELD_OF: Readonly<Record<string, SourceField>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};
const TARGETS = ['AverageValue', 'Utilization', 'Value'];
const ONE_SOURCE = 'must populate the given metric source only';

export function metricsErrors(metrics: readonly MetricSpec[], minReplicas: number | undefined, path: string) {
  const errors = metrics.flatMap((metric, i) => metricErrors(metric, `${path}[${i}]`));
  const beyondPods = metrics.some(({ type }) => type === 'Object' || type === 'External');
  if (minReplicas !== 0 || beyondPods) return errors;
  const text = 'must specify at least one Object or External metric to support scaling to zero replicas';
  return [...errors, fieldError.forbidden(path, text)];
}

function metricErrors(metric: MetricSpec, path: string): FieldError[] {
  const expected = FIELD_OF[metric.type];
  const errors: FieldError[] = [];
  if (!metric.type) errors.push(fieldError.required(`${path}.type`, 'must specify a metric source type'));
  if (!expected) errors.push(unknownType(metric, path));
  const present = SOURCES.filter((field) => metric[field]);
  if (present[0]) errors.push(...sourceErrors(metric, present[0], `${path}.${present[0]}`));
  if (!expected) errors.push(unknownType(metric, path));
  else if (!metric[expected]) {
    errors.push(fieldError.required(`${path}.${expected}`, 'must populate information for the given metric source'));
  }
  if (present.length === 1) return errors;
  const others = present.filter((field) => field !== expected);
  return [...errors, ...others.map((field) => fieldError.forbidden(`${path}.${field}`, ONE_SOURCE))];
}

const unknownType = ({ type }: MetricSpec, path: string): FieldError =>
  fieldError.notSupported(`${path}.type`, type, Object.keys(FIELD_OF));

function sourceErrors(metric: MetricSpec, field: SourceField, path: string): FieldError[] {
  switch (field) {
    case 'object':
      return objectErrors(metric.object as ObjectMetricSource, path);
    case 'external':
      return externalErrors(metric.external as ExternalMetricSource, path);
    case 'pods':
      return podsErrors(metric.pods as PodsMetricSource, path);
    case 'resource':
      return resourceErrors(metric.resource as ResourceMetricSource, path);
    case 'containerResource':
      return containerErrors(metric.containerResource as ContainerResourceMetricSource, path);
  }
}

function objectErrors({ describedObject, metric, target }: ObjectMetricSource, path: string): FieldError[] {
  const errors = [
    ...referenceErrors(describedObject ?? {}, `${path}.describedObject`, { emptyGroup: true }),
    ...identifierErrors(metric?.name, `${path}.metric.name`),
    ...targetErrors(target, `${path}.target`),
  ];
  if (target?.value !== undefined || target?.averageValue !== undefined) return errors;
  const text = 'must set either a target value or averageValue';
  return [...errors, fieldError.required(`${path}.target.averageValue`, text)];
}

function externalErrors({ metric, target }: ExternalMetricSource, path: string): FieldError[] {
  const errors = [...identifierErrors(metric?.name, `${path}.metric.name`), ...targetErrors(target, `${path}.target`)];
  const { value, averageValue } = target ?? {};
  if (value === undefined && averageValue === undefined) {
    const text = 'must set either a target value for metric or a per-pod target';
    errors.push(fieldError.required(`${path}.target.averageValue`, text));
  }
  if (value !== undefined && averageValue !== undefined) {
    const text = 'may not set both a target value for metric and a per-pod target';
    errors.push(fieldError.forbidden(`${path}.target.value`, text));
  }
  return errors;
}

function podsErrors({ metric, target }: PodsMetricSource, path: string): FieldError[] {
  const errors = [...identifierErrors(metric?.name, `${path}.metric.name`), ...targetErrors(target, `${path}.target`)];
  if (target?.averageValue !== undefined) return errors;
  const text = 'must specify a positive target averageValue';
  return [...errors, fieldError.required(`${path}.target.averageValue`, text)];
}

const resourceErrors = ({ name, target }: ResourceMetricSource, path: string): FieldError[] => [
  ...required(name, `${path}.name`, 'must specify a resource name'),
  ...targetErrors(target, `${path}.target`),
  ...utilizationErrors(target, `${path}.target`),
];

function containerErrors({ name, container, target }: ContainerResourceMetricSource, path: string): FieldError[] {
  const errors = required(name, `${path}.name`, 'must specify a resource name');
  if (name) errors.push(...containerResourceName(name, `${path}.name`));
  const at = `${path}.container`;
  if (container) errors.push(...invalidEach(at, container, isDNS1123Label(container)));
  else errors.push(fieldError.required(at, 'must specify a container'));
  return [...errors, ...targetErrors(target, `${path}.target`), ...utilizationErrors(target, `${path}.target`)];
}

/** A share of what was asked for, or an amount, but one of them. */
function utilizationErrors(target: MetricTarget | undefined, path: string): FieldError[] {
  const { averageUtilization, averageValue } = target ?? {};
  if (averageUtilization === undefined && averageValue === undefined) {
    const text = 'must set either a target raw value or a target utilization';
    return [fieldError.required(`${path}.averageUtilization`, text)];
  }
  if (averageUtilization === undefined || averageValue === undefined) return [];
  const text = 'may not set both a target raw value and a target utilization';
  return [fieldError.forbidden(`${path}.averageValue`, text)];
}

function targetErrors(target: Partial<MetricTarget> | undefined, path: string): FieldError[] {
  const { type = '', averageUtilization: percent } = target ?? {};
  const errors = required(type, `${path}.type`, 'must specify a metric target type');
  if (!TARGETS.includes(type)) {
    errors.push(fieldError.invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'));
  }
  for (const field of ['value', 'averageValue'] as const) {
    const amount = target?.[field];
    if (amount === undefined || compareQuantity(parseQuantity(amount), ZERO) > 0) continue;
    errors.push(fieldError.invalid(`${path}.${field}`, amount, 'must be positive'));
  }
  if (percent === undefined || percent >= 1) return errors;
  return [...errors, fieldError.invalid(`${path}.averageUtilization`, percent, 'must be greater than 0')];
}

const identifierErrors = (name: string | undefined, path: string): FieldError[] =>
  name ? invalidEach(path, name, isPathSegmentName(name)) : [fieldError.required(path, 'must specify a metric name')];
