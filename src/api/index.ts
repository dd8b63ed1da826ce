// The built-in resources. All of them come from the facts; those with behaviour of their own are listed here.
import type { Behaviour } from './behaviour.ts';
import { builtinDefinition } from './builtin.ts';
import { namespaces } from './core/namespaces.ts';
import { pods } from './core/pods.ts';
import type { ResourceDefinition } from './definition.ts';
import { resourceFacts } from './facts.ts';

export { builtinSchema, groups } from './facts.ts';

/** By `group/resource`, core resources without a group. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  namespaces,
  pods,
};

/** What a default cluster serves, groups in discovery's order. */
export function builtinDefinitions(): readonly ResourceDefinition[] {
  return resourceFacts()
    .filter((fact) => fact.on)
    .map((fact) => builtinDefinition(fact, behaviours[fact.g ? `${fact.g}/${fact.r}` : fact.r]));
}
