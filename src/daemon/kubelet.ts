import type { UserInfo } from '../apiserver/identity.ts';
import type { Component } from '../lifecycle.ts';
import type { Cluster } from './cluster.ts';
import type { Node } from './node.ts';
export const kubeletComponent = (_cluster: Cluster, _node: Node, _identity: UserInfo): Component => ({
  name: 'kubelet',
  start: async () => {},
  stop: async () => {},
});
