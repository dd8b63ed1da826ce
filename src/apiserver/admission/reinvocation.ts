// Who is asked a second time: mutating webhooks and policies that want it, when somebody after them changed the object
// (k8s.io/apiserver pkg/admission/plugin/webhook/mutating/reinvocationcontext.go, plugin/policy/mutating too).
import type { AnyObject } from '../../apimachinery/meta.ts';
import { canonicalEqual, deepCopy } from '../../apimachinery/value.ts';
import type { AdmissionRequest } from '../identity.ts';

export interface Asked {
  /** Whether this one's turn has come; in a second time only of those that are to see what changed. */
  isDue(uid: string): boolean;
  /** It was asked; `wants` to be asked again after others changed the object. */
  note(uid: string, options: { wants: boolean; changed: boolean }): void;
  /** All were asked. */
  end(): void;
}

interface Memory {
  /** The object as it was when all had been asked. */
  left: AnyObject | undefined;
  waiting: Set<string>;
  due: Set<string>;
}

/** `plugin` is the name that its memory has in the request. */
export function beginAsking(plugin: string, { object, reinvocation }: AdmissionRequest): Asked {
  const memory = (reinvocation.memory.get(plugin) as Memory | undefined) ?? {
    left: undefined,
    waiting: new Set<string>(),
    due: new Set<string>(),
  };
  reinvocation.memory.set(plugin, memory);
  const callAll = () => {
    for (const uid of memory.waiting) memory.due.add(uid);
    memory.waiting.clear();
  };
  if (reinvocation.again && !canonicalEqual(memory.left, object)) callAll();
  return {
    isDue: (uid) => !reinvocation.again || memory.due.has(uid),
    note(uid, { wants, changed }) {
      if (changed) {
        callAll();
        reinvocation.wanted = true;
      }
      if (wants) memory.waiting.add(uid);
    },
    end() {
      memory.left = object && deepCopy(object);
    },
  };
}

/** Makes `object` what `next` is; whoever holds it sees the change. */
export function become(object: AnyObject, next: AnyObject): void {
  for (const key of Object.keys(object)) delete object[key];
  Object.assign(object, next);
}
