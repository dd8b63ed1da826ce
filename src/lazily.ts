// Modules that only some clusters need, loaded when they are first needed and not at every start. Node loads an ES module
// at once, for require(), as long as nothing in it awaits at the top (nodejs.org/api/modules.html, "Loading ECMAScript
// modules using require()").
import { createRequire } from 'node:module';

/** The module at `path`, loaded by the first call. `from` is import.meta.url, `path` as an import there would name it. */
export function lazily<T>(from: string, path: string): () => T {
  let loaded: { module: T } | undefined;
  return () => {
    // Run from source it is a .ts file, from the package a .js one; tsc rewrites imports, but not this.
    const file = from.endsWith('.ts') ? path : path.replace(/\.ts$/, '.js');
    loaded ??= { module: createRequire(from)(file) as T };
    return loaded.module;
  };
}
