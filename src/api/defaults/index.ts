// Defaults that depend on more than their own field, by model. One line per group; plain ones come from the facts.
import type { TypeDefault } from '../normalise.ts';
import { admissionregistrationDefaults } from './admissionregistration.ts';
import { apiextensionsDefaults } from './apiextensions.ts';
import { appsDefaults } from './apps.ts';
import { autoscalingDefaults } from './autoscaling.ts';
import { batchDefaults } from './batch.ts';
import { coreDefaults } from './core.ts';
import { networkingDefaults } from './networking.ts';
import { podDefaults } from './pod.ts';
import { rbacDefaults } from './rbac.ts';
import { resourceDefaults } from './resource.ts';

export const typeDefaults: ReadonlyMap<string, TypeDefault> = new Map(
  Object.entries({
    ...admissionregistrationDefaults,
    ...apiextensionsDefaults,
    ...appsDefaults,
    ...autoscalingDefaults,
    ...batchDefaults,
    ...coreDefaults,
    ...networkingDefaults,
    ...podDefaults,
    ...rbacDefaults,
    ...resourceDefaults,
  }),
);
