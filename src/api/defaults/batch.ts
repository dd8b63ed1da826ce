// Defaults of Jobs, after pkg/apis/batch/v1/defaults.go. A CronJob's template gets none of them before it is a Job.
import type { Struct, TypeDefault } from '../normalise.ts';

const MAX_INT32 = 2_147_483_647;

function job(value: Struct): void {
  const spec = (value.spec ?? {}) as Struct;
  value.spec = spec;
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : MAX_INT32;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
  labelLikeTemplate(value, spec);
}

function labelLikeTemplate(value: Struct, spec: Struct): void {
  const template = spec.template as { metadata?: { labels?: Record<string, string> } } | undefined;
  const metadata = (value.metadata ?? {}) as { labels?: Record<string, string> };
  value.metadata = metadata;
  const labels = template?.metadata?.labels;
  if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
}

export const batchDefaults: Readonly<Record<string, TypeDefault>> = { 'io.k8s.api.batch.v1.Job': job };
