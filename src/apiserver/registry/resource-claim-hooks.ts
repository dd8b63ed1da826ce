// Devices are lent for administration only in namespaces that are marked for it (pkg/registry/resource/utils.go
// AuthorizedForAdmin, AuthorizedForAdminStatus).
import { namespaces } from '../../api/resources.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { fieldError } from '../../apimachinery/status-error.ts';
import type { ObjectReader } from '../reader.ts';
import type { ResourceHooks } from './hooks.ts';

const ADMIN_LABEL = 'resource.kubernetes.io/admin-access';
const REQUESTS = 'spec.devices.requests';
const RESULTS = 'status.allocation.devices.results';

interface DeviceRequest {
  adminAccess?: boolean;
  exactly?: { adminAccess?: boolean };
}

interface ClaimSpec {
  devices?: { requests?: DeviceRequest[] };
  /** Of a template. */
  spec?: ClaimSpec;
}

interface ClaimStatus {
  allocation?: { devices?: { results?: { adminAccess?: boolean }[] } };
}

/** The field that asks for it first. Older versions have one kind of request, whose fields are its own. */
function asking(claim: AnyObject): string | undefined {
  const spec = (claim.spec ?? {}) as ClaimSpec;
  const requests = (spec.spec ?? spec).devices?.requests ?? [];
  const index = requests.findIndex((request) => (request.exactly ?? request).adminAccess);
  return index < 0 ? undefined : `${REQUESTS}[${index}].adminAccess`;
}

function granted(claim: AnyObject): string | undefined {
  const { allocation } = (claim.status ?? {}) as ClaimStatus;
  const index = (allocation?.devices?.results ?? []).findIndex(({ adminAccess }) => adminAccess);
  return index < 0 ? undefined : `${RESULTS}[${index}].adminAccess`;
}

/** For claims, and for their templates, which upstream reports by the paths of a claim. What is there may stay. */
export const adminAccessHooks = (reader: ObjectReader): ResourceHooks => ({
  validate(object, old) {
    const path = old ? !granted(old) && granted(object) : asking(object);
    if (!path) return [];
    const { labels } = reader.get(namespaces, undefined, object.metadata.namespace ?? '')?.metadata ?? {};
    if (labels?.[ADMIN_LABEL] === 'true') return [];
    const text = `admin access to devices requires the \`${ADMIN_LABEL}: true\` label on the containing namespace`;
    return [fieldError.forbidden(path, text)];
  },
});
