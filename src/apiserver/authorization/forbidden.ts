// The 403 for a request that nobody allowed, in upstream's words (pkg/endpoints/handlers/responsewriters/errors.go).
import { forbidden, type StatusError } from '../../apimachinery/status-error.ts';
import type { Attributes } from '../identity.ts';

export function forbiddenError(attributes: Attributes, reason?: string): StatusError {
  const message = forbiddenMessage(attributes);
  return forbidden(
    { group: attributes.apiGroup, resource: attributes.resource },
    attributes.name,
    reason ? `${message}: ${reason}` : message,
  );
}

/** User "x" cannot list resource "pods" in API group "" in the namespace "default" */
export function forbiddenMessage(attributes: Attributes): string {
  const quote = (text: string) => JSON.stringify(text);
  const who = `User ${quote(attributes.user.username)} cannot ${attributes.verb}`;
  return escapeHtml(
    attributes.isResource
      ? `${who} resource ${quote(resourceName(attributes))} in API group ${quote(attributes.apiGroup)} ${
          attributes.namespace ? `in the namespace ${quote(attributes.namespace)}` : 'at the cluster scope'
        }`
      : `${who} path ${quote(attributes.path)}`,
  );
}

const resourceName = ({ resource, subresource }: Attributes): string =>
  subresource ? `${resource}/${subresource}` : resource;

/** Messages never look like HTML, whatever a path or user name holds. */
const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
