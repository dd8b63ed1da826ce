// Defaults of device requests, after pkg/apis/resource/v1/defaults.go.
import type { TypeDefault } from '../normalise.ts';

const exactCount: TypeDefault = (value) => {
  value.allocationMode ??= 'ExactCount';
  if (value.allocationMode === 'ExactCount') value.count ??= 1;
};

export const resourceDefaults: Readonly<Record<string, TypeDefault>> = {
  'io.k8s.api.resource.v1.ExactDeviceRequest': exactCount,
  'io.k8s.api.resource.v1.DeviceSubRequest': exactCount,
};
