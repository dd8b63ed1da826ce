// Whom a kubelet may ask tokens for: audiences that the pod's own volumes name, and such that somebody gave it a right to
// (plugin/pkg/admission/noderestriction/admission.go validateNodeServiceAccountAudience, KEP-4412).
import { csiDrivers, persistentVolumeClaims, persistentVolumes } from '../../api/resources.ts';
import type { TokenRequest } from '../../api/types/authentication/v1.ts';
import type { Pod, Volume } from '../../api/types/core/v1.ts';
import type { AdmissionRequest, Authorizer } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';

/** Why not; undefined when it may. */
export async function audienceProblem(
  request: AdmissionRequest,
  pod: Pod,
  { reader, authorizer }: { reader: ObjectReader; authorizer: Authorizer },
): Promise<string | undefined> {
  // A list that is missing comes as null, as Go writes it.
  const audiences: readonly string[] = (request.object as unknown as TokenRequest).spec.audiences ?? [];
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences';
  const [audience = ''] = audiences;
  if ((pod.spec?.volumes ?? []).some((volume) => names(volume, audience, { pod, reader }))) return undefined;
  const { result } = await authorizer.authorize({
    user: request.user,
    verb: 'request-serviceaccounts-token-audience',
    isResource: true,
    apiGroup: '',
    apiVersion: 'v1',
    resource: audience,
    subresource: '',
    namespace: request.namespace,
    name: request.name,
    path: '',
  });
  if (result === 'allow') return undefined;
  return `audience ${JSON.stringify(audience)} not found in pod spec volume, ${request.user.username} is not authorized to request tokens for this audience`;
}

interface Place {
  pod: Pod;
  reader: ObjectReader;
}

/** A projected token for it, or a driver that asks for one. */
function names(volume: Volume, audience: string, { pod, reader }: Place): boolean {
  const tokens = (volume.projected?.sources ?? []).flatMap(({ serviceAccountToken }) => serviceAccountToken ?? []);
  if (tokens.some((token) => (token.audience ?? '') === audience)) return true;
  const driver = driverOf(volume, { pod, reader });
  const requests = driver ? (reader.get(csiDrivers, undefined, driver)?.spec.tokenRequests ?? []) : [];
  return requests.some((wanted) => wanted.audience === audience);
}

function driverOf(volume: Volume, { pod, reader }: Place): string | undefined {
  if (volume.csi) return volume.csi.driver;
  const { name = '', namespace } = pod.metadata;
  const claimName = volume.ephemeral ? `${name}-${volume.name}` : volume.persistentVolumeClaim?.claimName;
  const claim = claimName ? reader.get(persistentVolumeClaims, namespace, claimName) : undefined;
  const bound = claim?.spec?.volumeName;
  return bound ? reader.get(persistentVolumes, undefined, bound)?.spec?.csi?.driver : undefined;
}
