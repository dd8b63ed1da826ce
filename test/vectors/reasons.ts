// Why a scenario is an exception, as far as its request and the differences tell: the heading it gets in
// exceptions/<recording>.txt until someone who knows better moves it.
import type { Scenario } from './scenario.ts';

/** The first that holds is the reason. */
const RULES: readonly {
  reason: (at: Case) => string;
  holds: (at: Case) => boolean;
}[] = [
  {
    reason: () => "on purpose: tokens have kubeadm's issuer, https://kubernetes.default.svc.cluster.local",
    holds: ({ text, differences }) =>
      text.includes('"https://kubernetes.default.svc"') && differences.some((line) => line.includes('/audiences')),
  },
  {
    reason: () => 'on purpose: the version tells that this is tsukube',
    holds: ({ differences }) => differences.every((line) => line.includes('gitVersion')),
  },
  {
    reason: () => 'not built: quotas are not enforced on admission',
    holds: ({ subject, name }) => subject === 'core/ResourceQuota' && name.includes('admission:'),
  },
  {
    reason: () => 'not built: accounts that enforce their secrets (deprecated)',
    holds: ({ name }) => name.startsWith('core/ServiceAccount: enforced secrets'),
  },
  {
    reason: () => 'not built: labels of pod security on namespaces are not judged',
    holds: ({ name }) => name.startsWith('core/Namespace:') && name.includes('pod security'),
  },
  {
    reason: () => 'not built: the aggregator and the APIServices of the built-in groups',
    holds: ({ subject }) => subject === 'apiregistration/APIService',
  },
  {
    reason: () => 'the built-in objects of flow control differ in status or owners',
    holds: ({ name }) => /^flowcontrol\/\w+: built-in/.test(name),
  },
  {
    reason: () => 'parse errors of foreign tokens are told in the words of another library',
    holds: ({ name }) => name.startsWith('authentication/TokenReview: token JWT'),
  },
  {
    reason: () => 'paths that upstream answers by accident: plain 500, any method, any Accept',
    holds: ({ name }) => name === 'discovery: path /api/v1/watch' || name.startsWith('discovery: OpenAPI v3'),
  },
  {
    reason: () => 'shapes that do not fit what is asked for (a list of metadata for one object)',
    holds: ({ name }) => /PartialObjectMetadataList|partial metadata list|yaml;as=Table/.test(name),
  },
  {
    reason: () => 'integers are doubles here: 2^63 - 1 and 2^63 cannot be told apart',
    holds: ({ name }) => name === 'crd: numbers as written',
  },
  {
    reason: () => 'on purpose: a list that a selector leaves empty is [], not null',
    holds: ({ differences }) => differences.every((line) => line.endsWith('/items: want null, got []')),
  },
  {
    reason: () => 'on purpose: an answer that tells what is wrong, where upstream fails with 500',
    holds: ({ differences }) => differences.some((line) => /\/code: want 500, got 4\d\d/.test(line)),
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
  name: string;
  differences: readonly string[];
  /** The scenario as JSON. */
  text: string;
  /** What its name begins with: a kind, or a part of the machinery. */
  subject: string;
}

export function reasonFor(scenario: Scenario, differences: readonly string[]): string {
  const subject = scenario.name.split(':')[0] as string;
  const at: Case = { name: scenario.name, differences, subject, text: JSON.stringify(scenario.steps) };
  const rule = RULES.find(({ holds }) => holds(at));
  if (!rule) throw new Error('the last rule holds always');
  return rule.reason(at);
}
