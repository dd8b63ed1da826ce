// apiserver_request_total and apiserver_request_duration_seconds, which dashboards query. They are counted here and only
// told by prom-client: it would join and look up the labels of a request anew for each of the two, a twentieth of a get.
import { type Metrics, registerSamples, type Sample } from '../metrics.ts';
import type { RequestObservation } from './pipeline.ts';
import type { RequestInfo } from './request-info.ts';

const TOTAL = 'apiserver_request_total';
const DURATION = 'apiserver_request_duration_seconds';
const BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 8, 15, 30, 60];

/** Other methods are one (validRequestMethods of pkg/endpoints/metrics/metrics.go): HTTP lets clients make them up. */
const VERBS = new Set(
  'apply connect create delete deletecollection get list patch post proxy put update watch'.split(' '),
);

/** Requests with the same labels. */
interface Series {
  labels: Record<string, string>;
  codes: Map<number, number>;
  /** By the first bucket that they fit in; what is longer than all is in none. */
  buckets: number[];
  count: number;
  seconds: number;
}

/** `isServed`: whether there is such a resource; only of these the names become labels, for clients make up others. */
export function createRequestMetrics(
  registry: Metrics,
  isServed: (info: RequestInfo) => boolean,
): (observation: RequestObservation) => void {
  const known = new Map<string, Series>();
  const all = (tell: (series: Series) => Sample[]) => () => [...known.values()].flatMap(tell);
  registerSamples(registry, {
    name: TOTAL,
    help: 'Requests by verb, resource and answer.',
    type: 'counter',
    samples: all(totals),
  });
  registerSamples(registry, {
    name: DURATION,
    help: 'Time until the answer was known; for watches until they were open.',
    type: 'histogram',
    samples: all(durations),
  });

  function seriesOf(info: RequestInfo): Series {
    const { apiGroup: group, apiVersion: version, resource, subresource } = info;
    const verb = VERBS.has(info.verb) ? info.verb : 'other';
    const scope = info.name ? 'resource' : info.namespace ? 'namespace' : info.isResource ? 'cluster' : '';
    const place = `${verb}/${scope}/${group}/${version}/${resource}/${subresource}`;
    const found = known.get(place);
    if (found) return found;
    const shown = { verb: verb === 'other' ? verb : verb.toUpperCase(), scope };
    if (isServed(info)) return begin(place, { ...shown, group, version, resource, subresource });
    return known.get(`${verb}/${scope}`) ?? begin(`${verb}/${scope}`, shown);
  }

  function begin(place: string, labels: Record<string, string>): Series {
    const series = { labels, codes: new Map(), buckets: BUCKETS.map(() => 0), count: 0, seconds: 0 };
    known.set(place, series);
    return series;
  }

  return ({ info, code, seconds }) => {
    const series = seriesOf(info);
    series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
    series.count++;
    series.seconds += seconds;
    const bucket = BUCKETS.findIndex((most) => seconds <= most);
    if (bucket >= 0) series.buckets[bucket] = (series.buckets[bucket] as number) + 1;
  };
}

const totals = ({ labels, codes }: Series): Sample[] =>
  [...codes].map(([code, value]) => ({ labels: { ...labels, code: String(code) }, value }));

function durations({ labels, buckets, count, seconds }: Series): Sample[] {
  let upTo = 0;
  const filled = BUCKETS.map((most, i): Sample => {
    upTo += buckets[i] as number;
    return { metricName: `${DURATION}_bucket`, labels: { ...labels, le: String(most) }, value: upTo };
  });
  return [
    ...filled,
    { metricName: `${DURATION}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${DURATION}_sum`, labels, value: seconds },
    { metricName: `${DURATION}_count`, labels, value: count },
  ];
}
