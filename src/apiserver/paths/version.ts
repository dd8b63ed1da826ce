// What /version says. gitVersion must be semver: helm and kubectl compare it.
import { KUBERNETES_VERSION, PRODUCT } from '../../constants.ts';

const [major = '', minor = ''] = KUBERNETES_VERSION.split('.');

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

export const versionInfo = {
  major,
  minor,
  emulationMajor: major,
  emulationMinor: minor,
  minCompatibilityMajor: major,
  minCompatibilityMinor: String(Number(minor) - 1),
  gitVersion: `v${KUBERNETES_VERSION}+${PRODUCT}`,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: `node ${process.versions.node}`,
  platform: `${process.platform}/${ARCHITECTURES[process.arch] ?? process.arch}`,
};
