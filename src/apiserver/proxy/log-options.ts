// What is asked of a pod's log (pkg/apis/core/validation ValidatePodLogOptions), as the kubelet is asked it.
import { badRequest, type FieldError, fieldError, invalid } from '../../apimachinery/status-error.ts';
import { isTrue } from '../request-info.ts';

const NUMBERS = ['sinceSeconds', 'tailLines', 'limitBytes'] as const;
const FLAGS = ['follow', 'previous', 'timestamps', 'insecureSkipTLSVerifyBackend'];
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Throws 400 for what cannot be read, 422 for what makes no sense. */
export function logQuery(query: URLSearchParams, podName: string): URLSearchParams {
  const asked = new URLSearchParams();
  for (const name of FLAGS) if (isTrue(query.get(name))) asked.set(name, 'true');
  for (const name of NUMBERS) {
    const number = readNumber(query.get(name));
    if (number !== undefined) asked.set(name, number);
  }
  const sinceTime = readTime(query.get('sinceTime'));
  if (sinceTime) asked.set('sinceTime', sinceTime);
  const errors = logErrors(asked, query.get('stream'));
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, podName, errors);
  return asked;
}

function readNumber(text: string | null): string | undefined {
  if (text === null || text === '') return undefined;
  if (/^[+-]?\d+$/.test(text)) return text;
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function readTime(text: string | null): string | undefined {
  if (text === null || text === '' || text === 'null') return undefined;
  if (RFC_3339.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw badRequest(`parsing time ${JSON.stringify(text)}: it must look like 2006-01-02T15:04:05Z`);
}

function logErrors(asked: URLSearchParams, stream: string | null): FieldError[] {
  const numberOf = (name: string) => (asked.has(name) ? Number(asked.get(name)) : undefined);
  const [tail, limit, seconds] = [numberOf('tailLines'), numberOf('limitBytes'), numberOf('sinceSeconds')];
  const positive = 'must be greater than 0';
  const errors: FieldError[] = [];
  if (tail !== undefined && tail < 0) {
    errors.push(fieldError.invalid('tailLines', tail, 'must be greater than or equal to 0'));
  }
  if (limit !== undefined && limit < 1) errors.push(fieldError.invalid('limitBytes', limit, positive));
  if (seconds !== undefined && asked.has('sinceTime')) {
    // Upstream's path of no field prints so.
    errors.push(fieldError.forbidden('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  } else if (seconds !== undefined && seconds < 1) errors.push(fieldError.invalid('sinceSeconds', seconds, positive));
  // The gate PodLogsQuerySplitStreams is off.
  if (stream) errors.push(fieldError.forbidden('stream', 'may not be specified'));
  return errors;
}
