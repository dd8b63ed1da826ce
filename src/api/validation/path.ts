// Paths in volumes must not lead out of them.

/** What is wrong with `path`: a step up. */
export const isPath = (path: string): string[] => (path.split('/').includes('..') ? ["must not contain '..'"] : []);
