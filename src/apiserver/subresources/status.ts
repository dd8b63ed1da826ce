// /status: the object with only its status written. The definition says what else an update here may change.
import type { ResourceDefinition } from '../../api/definition.ts';
import { deepCopy } from '../../apimachinery/value.ts';
import { type CallHandler, entryResult, strictness, writeTarget } from '../call.ts';
import { decodeObject } from '../decode.ts';
import { patchObject } from '../patch.ts';
import { parseWriteParameters } from '../registry/parameters.ts';
import { requireName, type UpdatePlan, updateObject } from '../registry/update.ts';
import { verbHandlers } from '../resources.ts';

/** What an endpoint puts back and checks. */
export type Strategy = Pick<UpdatePlan, 'prepare' | 'validate'>;

/** Reads the object whole, and writes it by a strategy other than the main endpoint's. */
export const strategyHandler =
  (strategyOf: (definition: ResourceDefinition) => Strategy): CallHandler =>
  async (call) => {
    const { definition, info, request, env } = call;
    const strategy = strategyOf(definition);
    if (info.verb === 'get') return await (verbHandlers.get as CallHandler)(call);
    if (info.verb === 'patch') {
      const { entry } = await patchObject(call, strategy);
      return await entryResult(call, { status: 200, entry });
    }
    const parameters = parseWriteParameters(request.query, 'UpdateOptions');
    const object = await decodeObject(request.body, definition, strictness(call, parameters));
    requireName(object, info.name);
    const { entry } = await updateObject(env, writeTarget(call, parameters), {
      apply: () => deepCopy(object),
      ...strategy,
    });
    return await entryResult(call, { status: 200, entry });
  };

export const statusHandler = strategyHandler((definition) => ({
  prepare: definition.prepareForStatusUpdate,
  validate: definition.validateStatusUpdate,
}));
