// Why a scenario is an exception, as far as its request and the differences tell: the heading it gets in
// exceptions/<recording>.txt until someone who knows better moves it.
import type { Scenario } from './scenario.ts';

/** The first that holds is the reason. */
const RULES: readonly {
  reason: (at: Case) => string;
  holds: (at: Case) => boolean;
}[] = [
  {
    reason: () => 'needs CEL: expressions are neither compiled nor run',
    holds: ({ text, subject }) =>
      /x-kubernetes-validations|"matchConditions":\[\{|"cel":\{/.test(text) || /AdmissionPolicy$/.test(subject),
  },
  {
    reason: () => 'answers in protobuf or CBOR',
    holds: ({ text }) => /vnd\.kubernetes\.protobuf|application\/cbor/.test(text),
  },
  {
    reason: ({ subject }) => `upstream refuses this and we accept it: ${subject}`,
    holds: ({ differences }) => differences.some((line) => /\/code: want 4\d\d, got 2\d\d/.test(line)),
  },
  {
    reason: ({ subject }) => `upstream accepts this and we refuse it: ${subject}`,
    holds: ({ differences }) => differences.some((line) => /\/code: want 2\d\d, got [45]\d\d/.test(line)),
  },
  {
    reason: () => 'refused with another code',
    holds: ({ differences }) => differences.some((line) => /\/code: want [45]\d\d, got [45]\d\d/.test(line)),
  },
  {
    reason: ({ subject }) => `refused for other or differently named fields: ${subject}`,
    holds: ({ differences }) => differences.some((line) => line.includes('/status')),
  },
  {
    reason: () => 'a missing or needless warning',
    holds: ({ differences }) => differences.every((line) => line.includes('/warn: ')),
  },
  {
    reason: () => 'other owners of fields in managedFields',
    holds: ({ differences }) => differences.every((line) => line.includes('managedFields')),
  },
  {
    reason: ({ subject }) => `the object of the answer differs: ${subject}`,
    holds: () => true,
  },
];

interface Case {
  differences: readonly string[];
  /** The scenario as JSON. */
  text: string;
  /** What its name begins with: a kind, or a part of the machinery. */
  subject: string;
}

export function reasonFor(scenario: Scenario, differences: readonly string[]): string {
  const subject = scenario.name.split(':')[0] as string;
  const at: Case = { differences, subject, text: JSON.stringify(scenario.steps) };
  const rule = RULES.find(({ holds }) => holds(at));
  if (!rule) throw new Error('the last rule holds always');
  return rule.reason(at);
}
