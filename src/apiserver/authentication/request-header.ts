// A front proxy (another API server) that shows a certificate of the front-proxy authority may name the user it
// speaks for in X-Remote-* headers.
import type { Authenticator } from '../identity.ts';
import { headerValues, prefixedHeaders } from './headers.ts';
import { createSignatureCheck } from './x509.ts';

export function createRequestHeaderAuthenticator(options: {
  frontProxyCa: string;
  /** Common names that may speak for others; empty: every certificate of the authority. */
  allowedNames: readonly string[];
}): Authenticator {
  const signedByFrontProxyCa = createSignatureCheck(options.frontProxyCa);
  return {
    name: 'request-header',
    authenticate({ clientCertificate, headers }) {
      if (!clientCertificate || !signedByFrontProxyCa(clientCertificate.raw)) return undefined;
      if (options.allowedNames.length > 0 && !options.allowedNames.includes(clientCertificate.commonName)) {
        return undefined;
      }
      const [username] = headerValues(headers, 'x-remote-user');
      if (!username) return undefined;
      const [uid] = headerValues(headers, 'x-remote-uid');
      const extra = prefixedHeaders(headers, 'x-remote-extra-');
      return {
        username,
        ...(uid ? { uid } : {}),
        groups: headerValues(headers, 'x-remote-group'),
        ...(Object.keys(extra).length > 0 ? { extra } : {}),
      };
    },
  };
}
