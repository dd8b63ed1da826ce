// The ServiceCIDR of the range that the server was started with
// (pkg/controlplane/controller/defaultservicecidr/default_servicecidr_controller.go).
import { DEFAULT_SERVICE_CIDR } from '../../api/networking/service-blocks.ts';
import { serviceCidrs } from '../../api/resources.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import { type Clock, timestamp } from '../../clock.ts';
import type { ObjectReader } from '../reader.ts';

const NAME = DEFAULT_SERVICE_CIDR;
const MANAGER = 'kubernetes-service-cidr-controller';

export interface DefaultServiceCidrOptions {
  client: Client;
  reader: ObjectReader;
  clock: Clock;
  serviceCidr: string;
}

/** Makes it when it is missing, and says that it is ready unless somebody has said something about that. */
export async function ensureDefaultServiceCidr(options: DefaultServiceCidrOptions): Promise<void> {
  const { client, reader, clock, serviceCidr } = options;
  if (!reader.get(serviceCidrs, undefined, NAME)) {
    const wanted = { metadata: { name: NAME }, spec: { cidrs: [serviceCidr] } };
    await client.create(serviceCidrs, wanted).catch((error: unknown) => {
      if (!hasReason(error, 'AlreadyExists')) throw error;
    });
  }
  const conditions = reader.get(serviceCidrs, undefined, NAME)?.status?.conditions ?? [];
  if (conditions.some(({ type }) => type === 'Ready')) return;
  const ready = {
    type: 'Ready',
    status: 'True',
    message: 'Kubernetes default Service CIDR is ready',
    lastTransitionTime: timestamp(clock),
  };
  const body = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: NAME },
    status: { conditions: [ready] },
  };
  const how = { subresource: 'status', fieldManager: MANAGER };
  await client.patch(serviceCidrs, undefined, NAME, { type: 'apply', body, force: true }, how);
}
