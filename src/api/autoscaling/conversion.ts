// autoscaling/v1 knows one metric, CPU utilisation; the rest of a v2 object rides along in annotations, in the
// shapes that pkg/apis/autoscaling/v1/conversion.go gave them. v2 is what is stored.
import type { AnyObject } from '../../apimachinery/meta.ts';

type Struct = Record<string, unknown>;

const PREFIX = 'autoscaling.alpha.kubernetes.io/';
const METRICS = `${PREFIX}metrics`;
const CURRENT_METRICS = `${PREFIX}current-metrics`;
const CONDITIONS = `${PREFIX}conditions`;
const BEHAVIOR = `${PREFIX}behavior`;
const TOLERANCES = [`${PREFIX}scale-down-tolerance`, `${PREFIX}scale-up-tolerance`];
const RIDING = [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR, ...TOLERANCES];
const DEFAULT_UTILIZATION = 80;

interface Metric extends Struct {
  type: string;
}

interface Target {
  type?: string;
  value?: string;
  averageValue?: string;
  averageUtilization?: number;
}

const keyOf = ({ type }: Metric): string => `${type.charAt(0).toLowerCase()}${type.slice(1)}`;
const partOf = (metric: Metric): Struct => (metric[keyOf(metric)] ?? {}) as Struct;
const defined = (value: Struct): Struct => Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined));

/** Annotations are compared as text, so fields come in the order of Go's; '*' stands for the prefix. */
const FIELD_ORDER: Readonly<Record<string, readonly string[]>> = {
  Object: ['target', 'metricName', '*Value', 'selector', 'averageValue'],
  Pods: ['metricName', '*AverageValue', 'selector'],
  Resource: ['name', '*AverageUtilization', '*AverageValue'],
  ContainerResource: ['name', '*AverageUtilization', '*AverageValue', 'container'],
  External: ['metricName', 'metricSelector', '*Value', '*AverageValue'],
};

const inOrder = (part: Struct, order: readonly string[]): Struct =>
  Object.fromEntries(
    order
      .flatMap((name) => ['target', 'current'].map((prefix) => name.replace('*', prefix)))
      .map((key) => [key, part[key]]),
  );

/** `prefix` is how v1 names amounts: targetValue in a spec, currentValue in a status. */
function metricToV1(metric: Metric, prefix: 'target' | 'current'): Metric {
  const {
    target,
    current,
    metric: identifier,
    describedObject,
    name,
    container,
  } = partOf(metric) as Struct & {
    metric?: { name?: string; selector?: object };
  };
  const amounts = ((prefix === 'target' ? target : current) ?? {}) as Target;
  const selector = metric.type === 'External' ? 'metricSelector' : 'selector';
  const part = {
    target: describedObject,
    name,
    container,
    metricName: identifier?.name,
    [selector]: identifier?.selector,
    [`${prefix}Value`]: amounts.value,
    [metric.type === 'Object' ? 'averageValue' : `${prefix}AverageValue`]: amounts.averageValue,
    [`${prefix}AverageUtilization`]: amounts.averageUtilization,
  };
  return { type: metric.type, [keyOf(metric)]: defined(inOrder(part, FIELD_ORDER[metric.type] ?? [])) };
}

function metricFromV1(metric: Metric, prefix: 'target' | 'current'): Metric {
  const part = partOf(metric);
  const amounts = defined({
    value: metric.type === 'Object' && part.averageValue !== undefined ? undefined : part[`${prefix}Value`],
    averageValue: part[`${prefix}AverageValue`] ?? part.averageValue,
    averageUtilization: part[`${prefix}AverageUtilization`],
  });
  const kind = 'averageUtilization' in amounts ? 'Utilization' : 'averageValue' in amounts ? 'AverageValue' : 'Value';
  const identifier =
    part.metricName === undefined
      ? undefined
      : defined({ name: part.metricName, selector: part.selector ?? part.metricSelector });
  return {
    type: metric.type,
    [keyOf(metric)]: defined({
      describedObject: part.target,
      name: part.name,
      container: part.container,
      metric: identifier,
      [prefix]: prefix === 'target' ? { type: kind, ...amounts } : amounts,
    }),
  };
}

const cpuUtilization = (metric: Metric): number | undefined => {
  const { name, target } = (metric.resource ?? {}) as { name?: string; target?: Target };
  return metric.type === 'Resource' && name === 'cpu' ? target?.averageUtilization : undefined;
};

/** Behaviour is put into its annotation whole, by the names of Go's fields. */
function behaviorText({ scaleUp, scaleDown }: Behavior): string {
  const whole = (rules: Struct | undefined) =>
    rules && Object.fromEntries(RULE_FIELDS.map((field) => [field, rules[field] ?? null]));
  const named = renameKeys({ scaleUp: whole(scaleUp) ?? null, scaleDown: whole(scaleDown) ?? null }, capitalised);
  return JSON.stringify(named);
}

const RULE_FIELDS = ['stabilizationWindowSeconds', 'selectPolicy', 'policies', 'tolerance'];

interface Behavior {
  scaleUp?: Struct;
  scaleDown?: Struct;
}

const withoutNulls = (_key: string, value: unknown): unknown => value ?? undefined;

function renameKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), renameKeys(item, rename)]));
}

const capitalised = (key: string): string => key.charAt(0).toUpperCase() + key.slice(1);
const uncapitalised = (key: string): string => key.charAt(0).toLowerCase() + key.slice(1);

/** What an annotation holds; one that is no JSON is as good as none. */
function riding(annotations: Record<string, string>, key: string): unknown {
  const text = annotations[key];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text, withoutNulls);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const isStruct = (value: unknown): value is Struct =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The same of a list of structs; another value is as good as none too. */
function ridingList(annotations: Record<string, string>, key: string): Struct[] | undefined {
  const list = riding(annotations, key);
  return Array.isArray(list) && list.every(isStruct) ? list : undefined;
}

function ridingMetrics(annotations: Record<string, string>, key: string): Metric[] | undefined {
  const list = ridingList(annotations, key)?.map((metric) => ({ type: '', ...metric }));
  return list?.every((metric): metric is Metric => typeof metric.type === 'string' && isStruct(partOf(metric)))
    ? list
    : undefined;
}

function ridingBehavior(annotations: Record<string, string>): unknown {
  const behavior = riding(annotations, BEHAVIOR);
  return isStruct(behavior) && Object.keys(behavior).length > 0 ? renameKeys(behavior, uncapitalised) : undefined;
}

/** v2 has fields for what rides in annotations of v1; there these mean nothing. */
export function dropRiding(object: AnyObject): void {
  const { annotations } = object.metadata;
  if (!annotations || !RIDING.some((key) => Object.hasOwn(annotations, key))) return;
  const kept = Object.entries(annotations).filter(([key]) => !RIDING.includes(key));
  if (kept.length > 0) object.metadata.annotations = Object.fromEntries(kept);
  else delete object.metadata.annotations;
}

export function autoscalerToV1(object: AnyObject): AnyObject {
  const { metrics = [], behavior, ...spec } = (object.spec ?? {}) as Struct & { metrics?: Metric[] };
  const { currentMetrics, conditions, ...status } = (object.status ?? {}) as Struct & { currentMetrics?: Metric[] };
  const annotations = { ...object.metadata.annotations };
  const others = metrics.filter((metric) => cpuUtilization(metric) === undefined);
  if (others.length > 0) annotations[METRICS] = JSON.stringify(others.map((metric) => metricToV1(metric, 'target')));
  if (currentMetrics?.length) {
    annotations[CURRENT_METRICS] = JSON.stringify(currentMetrics.map((metric) => metricToV1(metric, 'current')));
  }
  if (behavior) annotations[BEHAVIOR] = behaviorText(behavior as Behavior);
  if (Array.isArray(conditions) && conditions.length > 0) annotations[CONDITIONS] = JSON.stringify(conditions);
  const cpu = metrics.map(cpuUtilization).find((percent) => percent !== undefined);
  const seen = ((currentMetrics ?? []).find((metric) => partOf(metric).name === 'cpu') ?? { type: '' }) as Metric;
  const current = (partOf(seen).current as Target | undefined)?.averageUtilization;
  return withAnnotations(object, annotations, {
    apiVersion: 'autoscaling/v1',
    spec: defined({ ...spec, targetCPUUtilizationPercentage: cpu }),
    status: defined({ currentReplicas: 0, ...status, currentCPUUtilizationPercentage: current }),
  });
}

/** The status that rides in annotations is reset like the status itself. */
export function keepRidingStatus(object: AnyObject, old: AnyObject | undefined): void {
  const { annotations } = object.metadata;
  if (!annotations && !old?.metadata.annotations) return;
  const kept = { ...annotations };
  for (const key of [CURRENT_METRICS, CONDITIONS]) {
    const before = old?.metadata.annotations?.[key];
    if (before === undefined) delete kept[key];
    else kept[key] = before;
  }
  object.metadata.annotations = kept;
}

export function autoscalerFromV1(object: AnyObject): AnyObject {
  const { targetCPUUtilizationPercentage: cpu, ...spec } = (object.spec ?? {}) as Struct;
  const { currentCPUUtilizationPercentage: _current, currentReplicas, ...status } = (object.status ?? {}) as Struct;
  const annotations = { ...object.metadata.annotations };
  const metrics = (ridingMetrics(annotations, METRICS) ?? []).map((metric) => metricFromV1(metric, 'target'));
  if (cpu !== undefined || metrics.length === 0) metrics.push(cpuMetric(cpu ?? DEFAULT_UTILIZATION));
  const currentMetrics = ridingMetrics(annotations, CURRENT_METRICS)?.map((m) => metricFromV1(m, 'current'));
  const behavior = ridingBehavior(annotations);
  const conditions = ridingList(annotations, CONDITIONS);
  for (const key of RIDING) delete annotations[key];
  return withAnnotations(object, annotations, {
    apiVersion: 'autoscaling/v2',
    spec: defined({ ...spec, metrics, behavior }),
    // v2 leaves a zero out, v1 does not.
    status: {
      ...defined({ currentReplicas: currentReplicas || undefined, ...status, conditions }),
      currentMetrics: currentMetrics ?? null,
    },
  });
}

const cpuMetric = (averageUtilization: unknown): Metric => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});

function withAnnotations(object: AnyObject, annotations: Record<string, string>, fields: Struct): AnyObject {
  const { annotations: _annotations, ...metadata } = object.metadata;
  const kept = Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata;
  return { ...object, ...fields, metadata: kept } as AnyObject;
}
