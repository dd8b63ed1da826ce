// Client certificates: CN is the user, every O a group. The TLS layer accepts certificates of either authority;
// here each is held against the one it must come from.
import { createHash, X509Certificate } from 'node:crypto';
import { unauthorized } from '../../apimachinery/status-error.ts';
import type { Authenticator, Credentials } from '../identity.ts';

/** Tells whether a certificate was signed by `authority` (PEM); answers are remembered per connection's certificate. */
export function createSignatureCheck(authority: string): (raw: Uint8Array) => boolean {
  const key = new X509Certificate(authority).publicKey;
  const known = new WeakMap<Uint8Array, boolean>();
  return (raw) => {
    const remembered = known.get(raw);
    if (remembered !== undefined) return remembered;
    const answer = new X509Certificate(raw).verify(key);
    known.set(raw, answer);
    return answer;
  };
}

export function createX509Authenticator(options: { clientCa: string; frontProxyCa?: string }): Authenticator {
  const signedByClientCa = createSignatureCheck(options.clientCa);
  const signedByFrontProxyCa = options.frontProxyCa ? createSignatureCheck(options.frontProxyCa) : () => false;
  const credentialIds = new WeakMap<Uint8Array, string>();

  const credentialId = (raw: Uint8Array) => {
    const remembered = credentialIds.get(raw);
    if (remembered) return remembered;
    const id = `X509SHA256=${createHash('sha256').update(raw).digest('hex')}`;
    credentialIds.set(raw, id);
    return id;
  };

  return {
    name: 'x509',
    authenticate({ clientCertificate }: Credentials) {
      if (!clientCertificate) return undefined;
      const { raw, commonName, organizations } = clientCertificate;
      if (!signedByClientCa(raw)) {
        if (signedByFrontProxyCa(raw)) return undefined; // a proxy speaks for others, never for itself
        throw unauthorized();
      }
      if (!commonName) return undefined;
      return {
        username: commonName,
        groups: [...organizations],
        extra: { 'authentication.kubernetes.io/credential-id': [credentialId(raw)] },
      };
    },
  };
}
