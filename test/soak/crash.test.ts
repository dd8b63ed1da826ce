// The long run of what test/storage/sqlite does in short: kills of a writing process at random points and at each
// failpoint, torn WALs, flipped bits. STORAGE_CRASH_ROUNDS and STORAGE_DAMAGE_ROUNDS say how long, the seeds that are
// printed repeat a run (STORAGE_CRASH_SEED, STORAGE_DAMAGE_SEED).
process.env.STORAGE_CRASH_ROUNDS ??= '280';
process.env.STORAGE_DAMAGE_ROUNDS ??= '300';
await import('../storage/sqlite/crash.test.ts');
await import('../storage/sqlite/start.test.ts');
await import('../storage/sqlite/salvage.test.ts');
