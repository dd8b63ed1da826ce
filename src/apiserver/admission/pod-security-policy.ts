// What the labels of a namespace say about its pods (k8s.io/pod-security-admission/api PolicyToEvaluate).
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

export interface LevelVersion {
  level: Level;
  version: string;
}

export interface PodSecurityPolicy {
  enforce: LevelVersion;
  warn: LevelVersion;
  /** Labels that cannot be read. A policy comes of them all the same. */
  errors: FieldError[];
}

const PREFIX = 'pod-security.kubernetes.io/';
const LEVELS: readonly Level[] = ['privileged', 'baseline', 'restricted'];
const LATEST = 'latest';
const VERSION = /^(?:latest|v1\.(?:[0-9]|[1-9][0-9]*))$/;

export const shownLevel = ({ level, version }: LevelVersion): string => `${level}:${version}`;

/** Below zero: `a` is less strict than `b`. */
export const compareLevels = (a: Level, b: Level): number => LEVELS.indexOf(a) - LEVELS.indexOf(b);

export function podSecurityPolicy(labels: Readonly<Record<string, string>> = {}): PodSecurityPolicy {
  const errors: FieldError[] = [];
  // Unreadable, to enforce means the strictest: it must not open what its owner meant to close.
  const enforce = read(labels, 'enforce', { failing: 'restricted', errors });
  read(labels, 'audit', { failing: 'privileged', errors }); // there is no audit log, but its labels are judged
  const warn = read(labels, 'warn', { failing: 'privileged', errors });
  const strict = LEVELS.includes(labels[`${PREFIX}enforce`] as Level);
  if (labels[`${PREFIX}warn`] === undefined && strict && compareLevels(enforce.level, warn.level) > 0) {
    warn.level = enforce.level;
    if (labels[`${PREFIX}warn-version`] === undefined) warn.version = enforce.version;
  }
  return { enforce, warn, errors };
}

function read(
  labels: Readonly<Record<string, string>>,
  mode: string,
  { failing, errors }: { failing: Level; errors: FieldError[] },
): LevelVersion {
  const wrong = (label: string, value: string, text: string) =>
    errors.push(fieldError.invalid(`metadata.labels[${label}]`, value, text));
  const label = `${PREFIX}${mode}`;
  const { [label]: level = 'privileged', [`${label}-version`]: version = LATEST } = labels;
  const isLevel = (LEVELS as readonly string[]).includes(level);
  if (!isLevel) wrong(label, level, `must be one of ${LEVELS.join(', ')}`);
  const isVersion = VERSION.test(version);
  if (!isVersion) wrong(`${label}-version`, version, 'must be "latest" or "v1.x"');
  return { level: isLevel ? (level as Level) : failing, version: isVersion ? version : LATEST };
}
