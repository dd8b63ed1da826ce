/** Scenarios at once: some wait on purpose, so there are more than cores. */
export const PARALLEL = 16;
