// Types of the parameters that operations name; a type is the same wherever the name appears.

const INTEGERS = new Set([
  'gracePeriodSeconds',
  'limit',
  'limitBytes',
  'ports',
  'sinceSeconds',
  'tailLines',
  'timeoutSeconds',
]);
const BOOLEANS = new Set([
  'allowWatchBookmarks',
  'follow',
  'force',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'insecureSkipTLSVerifyBackend',
  'orphanDependents',
  'previous',
  'sendInitialEvents',
  'stderr',
  'stdin',
  'stdout',
  'timestamps',
  'tty',
  'watch',
]);

export const parameterType = (name: string): 'integer' | 'boolean' | 'string' =>
  INTEGERS.has(name) ? 'integer' : BOOLEANS.has(name) ? 'boolean' : 'string';

/** Names in braces, in the order of upstream's documents (by name). */
export const pathParameters = (path: string): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string).sort();
