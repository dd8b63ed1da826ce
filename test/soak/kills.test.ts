// The long run of test/e2e/kills.test.ts. KILL_ROUNDS says how long, KILL_SEED repeats a run.
process.env.KILL_ROUNDS ??= '200';
process.env.KILL_SEED ??= String(Math.floor(Math.random() * 2 ** 31));
await import('../e2e/kills.test.ts');
