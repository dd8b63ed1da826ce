// /metrics/probes: how often each probe ended how, and how long it took (pkg/kubelet/prober/prober_manager.go). Plain
// numbers, as there may be a thousand probes a second; a probe that is no more takes its numbers with it.
import type { Pod } from '../../api/types/core/v1.ts';
import { exposition, type Sample } from './exposition.ts';

export type ProbeResult = 'successful' | 'failed' | 'unknown';

/** The numbers of one probe of one container. */
export interface ProbeCount {
  add(result: ProbeResult, ms: number): void;
  drop(): void;
}

export interface ProbeMetrics {
  count(pod: Pod, container: string, kind: 'startup' | 'liveness' | 'readiness'): ProbeCount;
  text(): string;
}

/** prometheus.DefBuckets, in milliseconds. */
const BUCKETS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

interface Numbers {
  labels: Readonly<Record<'probe_type' | 'container' | 'pod' | 'namespace', string>>;
  podUid: string;
  results: Record<ProbeResult, number>;
  /** Of those that succeeded: how many took no more than each bucket says. */
  buckets: number[];
  sumMs: number;
}

const TYPES = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const;

export function createProbeMetrics(): ProbeMetrics {
  const all = new Set<Numbers>();
  return {
    count({ metadata: { name: pod = '', namespace = '', uid: podUid = '' } }, container, kind) {
      const numbers: Numbers = {
        labels: { probe_type: TYPES[kind], container, pod, namespace },
        podUid,
        results: { successful: 0, failed: 0, unknown: 0 },
        buckets: BUCKETS.map(() => 0),
        sumMs: 0,
      };
      all.add(numbers);
      return {
        add(result, ms) {
          numbers.results[result]++;
          if (result !== 'successful') return;
          numbers.sumMs += ms;
          for (let at = BUCKETS.length - 1; at >= 0 && ms <= (BUCKETS[at] as number); at--) {
            numbers.buckets[at] = (numbers.buckets[at] as number) + 1;
          }
        },
        drop: () => void all.delete(numbers),
      };
    },
    text: () =>
      exposition([
        {
          name: 'prober_probe_total',
          help: '[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.',
          type: 'counter',
          samples: [...all].flatMap(({ labels, podUid, results }) =>
            Object.entries(results)
              .filter(([, value]) => value > 0)
              .map(([result, value]) => ({ labels: { ...labels, pod_uid: podUid, result }, value })),
          ),
        },
        {
          name: 'prober_probe_duration_seconds',
          help: '[ALPHA] Duration in seconds for a probe response.',
          type: 'histogram',
          samples: [...all].filter(({ results }) => results.successful > 0).flatMap(durations),
        },
      ]),
  };
}

function durations({ labels, results, buckets, sumMs }: Numbers): Sample[] {
  const bucket = (le: string, value: number): Sample => ({ suffix: '_bucket', labels: { ...labels, le }, value });
  return [
    ...BUCKETS.map((most, at) => bucket(String(most / 1000), buckets[at] as number)),
    bucket('+Inf', results.successful),
    { suffix: '_sum', labels, value: sumMs / 1000 },
    { suffix: '_count', labels, value: results.successful },
  ];
}
