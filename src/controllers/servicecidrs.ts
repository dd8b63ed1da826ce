// Says of ServiceCIDRs that addresses are given out of them, and lets one go only when no Service needs it
// (pkg/controller/servicecidrs).
import { isOfAllocator } from '../api/networking/addresses-of-services.ts';
import { cidrsOf, covers, hasAddress, overlap } from '../api/networking/service-blocks.ts';
import { ipAddresses, serviceCidrs } from '../api/resources.ts';
import type { IPAddress, ServiceCIDR } from '../api/types/networking/v1.ts';
import { hasReason } from '../apimachinery/status-error.ts';
import { type Controller, type ControllerContext, watchOf } from '../client/controller.ts';
import { timestamp } from '../clock.ts';

const NAME = 'service-cidrs-controller';
/** Upstream's name of itself where it writes. */
const FIELD_MANAGER = 'service-cidr-controller';
const FINALIZER = 'networking.k8s.io/service-cidr-finalizer';
/** Requests that saw it ready have ended by then. */
const GRACE_MS = 10_000;

export const serviceCidrsController = (): Controller => ({
  name: NAME,
  watches: [watchOf({ resource: serviceCidrs, toKeys: touched }), watchOf({ resource: ipAddresses, toKeys: around })],
  async reconcile(name, context) {
    const cidr = context.informers.for(serviceCidrs).lister.get(undefined, name);
    if (!cidr) return undefined;
    const { deletionTimestamp } = cidr.metadata;
    if (deletionTimestamp === undefined) {
      await setFinalizer(cidr, true, context);
      await tell(cidr, { status: 'True', message: 'Kubernetes Service CIDR is ready' }, context);
      return undefined;
    }
    if (isNeeded(cidr, context)) {
      const message =
        'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR';
      await tell(cidr, { status: 'False', reason: 'Terminating', message }, context);
      return undefined;
    }
    const left = GRACE_MS - (context.clock.now() - Date.parse(deletionTimestamp));
    if (left > 0) return { requeueAfter: left };
    await setFinalizer(cidr, false, context);
    return undefined;
  },
});

const nameOf = ({ metadata }: ServiceCIDR): string => metadata.name ?? '';

const listed = ({ informers }: ControllerContext): readonly ServiceCIDR[] => informers.for(serviceCidrs).lister.list();

/** Itself, and those whose addresses it shares. */
function touched(changed: ServiceCIDR, context: ControllerContext): string[] {
  const shares = (other: ServiceCIDR) =>
    cidrsOf(other).some((one) => cidrsOf(changed).some((cidr) => overlap(one, cidr)));
  return [...new Set([nameOf(changed), ...listed(context).filter(shares).map(nameOf)])];
}

const containing = (address: IPAddress, context: ControllerContext): ServiceCIDR[] =>
  listed(context).filter((cidr) => cidrsOf(cidr).some((block) => hasAddress(block, address.metadata.name ?? '')));

function around(address: IPAddress, context: ControllerContext): string[] {
  return isOfAllocator(address) ? containing(address, context).map(nameOf) : [];
}

/** An address would be in no block without it. */
function isNeeded(cidr: ServiceCIDR, context: ControllerContext): boolean {
  const others = listed(context).filter((other) => nameOf(other) !== nameOf(cidr));
  const within = (block: string) => others.some((other) => cidrsOf(other).some((outer) => covers(outer, block)));
  if (cidrsOf(cidr).every(within)) return false;
  return context.informers
    .for(ipAddresses)
    .lister.list()
    .filter(isOfAllocator)
    .map((address) => containing(address, context))
    .some(([first, ...more]) => first !== undefined && more.length === 0 && nameOf(first) === nameOf(cidr));
}

async function setFinalizer(cidr: ServiceCIDR, present: boolean, { client }: ControllerContext): Promise<void> {
  const has = (cidr.metadata.finalizers ?? []).includes(FINALIZER);
  if (has === present) return;
  const metadata = { [present ? 'finalizers' : '$deleteFromPrimitiveList/finalizers']: [FINALIZER] };
  await unlessGone(client.patch(serviceCidrs, undefined, nameOf(cidr), { type: 'strategic', body: { metadata } }));
}

interface Readiness {
  status: 'True' | 'False';
  reason?: string;
  message: string;
}

async function tell(cidr: ServiceCIDR, wanted: Readiness, { client, clock }: ControllerContext): Promise<void> {
  const told = cidr.status?.conditions?.find(({ type }) => type === 'Ready');
  const { reason = '' } = wanted;
  if (told?.status === wanted.status && (told.reason ?? '') === reason && told.message === wanted.message) return;
  const body = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: nameOf(cidr) },
    status: { conditions: [{ type: 'Ready', ...wanted, reason, lastTransitionTime: timestamp(clock) }] },
  };
  const patch = { type: 'apply' as const, body, force: true };
  const how = { subresource: 'status', fieldManager: FIELD_MANAGER };
  await unlessGone(client.patch(serviceCidrs, undefined, nameOf(cidr), patch, how));
}

async function unlessGone(write: Promise<unknown>): Promise<void> {
  await write.catch((error: unknown) => {
    if (!hasReason(error, 'NotFound')) throw error;
  });
}
