// Several authorizers as one: the first that allows or denies decides; reasons of the others are gathered.
import type { Authorizer, Decision } from '../identity.ts';

export function createUnionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  return {
    name: 'union',
    authorize(attributes) {
      const reasons: string[] = [];
      // Synchronous as long as its members are: a decision is on the path of every request.
      const ask = (from: number): Decision | Promise<Decision> => {
        for (let i = from; i < authorizers.length; i++) {
          const answer = (authorizers[i] as Authorizer).authorize(attributes);
          if (answer instanceof Promise) {
            return answer.then((decision) => settle(decision) ?? ask(i + 1));
          }
          const settled = settle(answer);
          if (settled) return settled;
        }
        return { result: 'noOpinion', ...(reasons.length > 0 ? { reason: reasons.join('\n') } : {}) };
      };
      const settle = (decision: Decision): Decision | undefined => {
        if (decision.result !== 'noOpinion') return decision;
        if (decision.reason) reasons.push(decision.reason);
        return undefined;
      };
      return ask(0);
    },
  };
}
