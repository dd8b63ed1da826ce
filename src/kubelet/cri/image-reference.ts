// Image names as users write them and as they are stored.

/** `app:1@sha256:…` → `app@sha256:…`: where there is a digest, a tag says nothing. containerd's CRI does the same. */
export const withoutNeedlessTag = (reference: string): string => reference.replace(/:[^:/@]+@/, '@');

/** `busybox` → `docker.io/library/busybox:latest`, by the rules of github.com/distribution/reference normalize.go. */
export function normalizeReference(given: string): string {
  const reference = withoutNeedlessTag(given);
  const [first, ...rest] = reference.split('/') as [string, ...string[]];
  const hasDomain = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost');
  const domain = hasDomain ? first : 'docker.io';
  const remainder = hasDomain ? rest.join('/') : reference;
  const named = domain === 'docker.io' && !remainder.includes('/') ? `library/${remainder}` : remainder;
  const tagged = /[:@]/.test(named) ? named : `${named}:latest`;
  return `${domain}/${tagged}`;
}
