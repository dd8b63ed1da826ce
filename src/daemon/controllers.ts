import type { Component } from '../lifecycle.ts';
import type { Cluster } from './cluster.ts';
export const controllerComponents = async (_cluster: Cluster): Promise<Component[]> => [];
