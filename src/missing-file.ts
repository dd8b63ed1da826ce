// Files and folders that may not be there: others take them away, or nobody made them yet. Any other error is one.

export const isMissingFile = (error: unknown): boolean => codeOf(error) === 'ENOENT';

/** For a rejection: `instead` of what is not there; every other error is thrown on. */
export const ifMissing =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (isMissingFile(error)) return instead;
    throw error;
  };

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code;
