// Devices are lent for administration only in namespaces that are marked for it (pkg/registry/resource/utils.go
// AuthorizedForAdmin).
import { namespaces } from '../../api/resources.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { fieldError, invalid } from '../../apimachinery/status-error.ts';
import type { ObjectReader } from '../reader.ts';
import type { ResourceHooks } from './hooks.ts';

const ADMIN_LABEL = 'resource.kubernetes.io/admin-access';

interface DeviceRequest {
  adminAccess?: boolean;
  exactly?: { adminAccess?: boolean };
}

interface ClaimSpec {
  devices?: { requests?: DeviceRequest[] };
  /** Of a template. */
  spec?: ClaimSpec;
}

/** For claims, and for their templates, which upstream reports by the paths of a claim. */
export const adminAccessHooks = (kind: string, reader: ObjectReader): ResourceHooks => ({
  beginCreate(object) {
    const { metadata, spec = {} } = object as AnyObject & { spec?: ClaimSpec };
    const requests = (spec.spec ?? spec).devices?.requests ?? [];
    // Older versions have one kind of request, whose fields are its own.
    const index = requests.findIndex((request) => (request.exactly ?? request).adminAccess);
    const labels = index < 0 ? undefined : reader.get(namespaces, undefined, metadata.namespace ?? '')?.metadata.labels;
    if (index >= 0 && labels?.[ADMIN_LABEL] !== 'true') {
      const text = `admin access to devices requires the \`${ADMIN_LABEL}: true\` label on the containing namespace`;
      const error = fieldError.forbidden(`spec.devices.requests[${index}].adminAccess`, text);
      throw invalid({ group: 'resource.k8s.io', kind }, metadata.name ?? '', [error]);
    }
    return { commit: () => undefined, release: () => undefined };
  },
});
