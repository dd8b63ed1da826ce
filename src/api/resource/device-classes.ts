// DeviceClasses: preset selectors and configuration (pkg/apis/resource/validation ValidateDeviceClass).
import { isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import { isExtendedResource } from '../quota/extended-resources.ts';
import type { DeviceClassSpec } from '../types/resource/v1.ts';
import { configurationErrors, selectorErrors } from './configuration.ts';
import { bounded } from './names.ts';

const MAX_CONFIGS = 32;

/** Upstream checks the name that was made, not what it was made of. */
const validateName = (name: string, prefix: boolean): string[] => (prefix ? [] : isDNS1123Subdomain(name));

function extendedErrors(name: string, path: string): FieldError[] {
  if (isExtendedResource(name)) return [];
  return [fieldError.invalid(path, name, 'must be a valid extended resource name')];
}

export const deviceClasses: Behaviour = {
  validateName,
  validate(object) {
    const { selectors, config, extendedResourceName: extended } = (object.spec ?? {}) as DeviceClassSpec;
    return [
      ...selectorErrors(selectors, 'spec.selectors'),
      ...bounded(config, MAX_CONFIGS, 'spec.config', configurationErrors),
      ...(extended === undefined ? [] : extendedErrors(extended, 'spec.extendedResourceName')),
    ];
  },
};
