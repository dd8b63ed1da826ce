// The properties of the store and of the API with many more runs than in the normal tests: PROPERTY_RUNS (default 2,000)
// of each. Seeds are printed; PROPERTY_SEED=n runs one again.
process.env.PROPERTY_RUNS ??= '2000';
await import('../storage/model.test.ts');
await import('../storage/model-concurrency.test.ts');
await import('../storage/snapshots/model.test.ts');
await import('../apiserver/rules/properties.test.ts');
