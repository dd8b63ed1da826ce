// A pod that names its node fits no other.
import type { Plugin } from '../framework.ts';

export const nodeName: Plugin = {
  name: 'NodeName',
  filter: (pod, { node }) =>
    pod.spec.nodeName && pod.spec.nodeName !== node.metadata.name
      ? { reasons: ["node(s) didn't match the requested node name"], unresolvable: true }
      : undefined,
  wakes: ['NodeAdd'],
};
