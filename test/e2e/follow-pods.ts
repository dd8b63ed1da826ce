// The pods of the default namespace as a watch tells them, so that waiting for one costs no program.
import type { Pod } from '../../src/api/types/core/v1.ts';
import { spawn } from '../../src/exec.ts';
import { eventually } from '../support/eventually.ts';
import type { Kubectl } from '../support/kubectl.ts';

export interface FollowedPods {
  get(name: string): Pod | undefined;
  /** Every state that was told, the oldest first. */
  seen(name: string): readonly Pod[];
  /** Resolves with what `found` returns for the first state from now on for which that is neither undefined nor false. */
  when<T>(name: string, what: string, found: (pod: Pod) => T): Promise<Exclude<T, undefined | false>>;
  stop(): void;
}

export function followPods(kubectl: Kubectl): FollowedPods {
  const seen = new Map<string, Pod[]>();
  const child = spawn([kubectl.path, 'get', '--raw', '/api/v1/namespaces/default/pods?watch=true'], {
    env: kubectl.env,
  });
  let rest = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      const { object } = JSON.parse(line) as { object: Pod };
      const name = object.metadata.name as string;
      seen.set(name, [...(seen.get(name) ?? []), object]);
    }
  });
  const get = (name: string) => seen.get(name)?.at(-1);
  return {
    get,
    seen: (name) => seen.get(name) ?? [],
    async when(name, what, found) {
      const before = Math.max(0, (seen.get(name)?.length ?? 0) - 1);
      const probe = () => {
        let problem: unknown;
        for (const pod of (seen.get(name) ?? []).slice(before)) {
          try {
            const result = found(pod);
            if (result !== undefined && result !== false) return result;
          } catch (error) {
            problem = error; // this state is not the one
          }
        }
        if (problem) throw problem;
        return undefined;
      };
      try {
        return (await eventually(`${name} ${what}`, probe, { timeoutMs: 60_000 })) as Exclude<
          ReturnType<typeof found>,
          undefined | false
        >;
      } catch (error) {
        throw new Error(`${(error as Error).message}: ${JSON.stringify(get(name)?.status, null, 1)}`, { cause: error });
      }
    },
    stop: () => void child.kill(),
  };
}
