// What becomes of a Service's EndpointSlices: endpoints stay in the slice they are in, what is new fills the slices
// that change anyway, then those with room, then new ones (k8s.io/endpointslice reconciler.go). Pure.
import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/types/discovery/v1.ts';
import { canonical, sameValue } from '../same.ts';

const MAX_ENDPOINTS = 100;

export type AddressType = EndpointSlice['addressType'];

export interface WantedEndpoint {
  addressType: AddressType;
  ports: EndpointPort[];
  endpoint: Endpoint;
}

export interface PlannedSlice {
  /** The one to change; undefined: a new one. */
  current?: EndpointSlice;
  addressType: AddressType;
  ports: EndpointPort[];
  endpoints: Endpoint[];
}

export interface SlicePlan {
  write: PlannedSlice[];
  remove: EndpointSlice[];
}

export function planSlices(
  wanted: readonly WantedEndpoint[],
  existing: readonly EndpointSlice[],
  addressTypes: readonly AddressType[],
): SlicePlan {
  const plan: SlicePlan = { write: [], remove: [] };
  for (const addressType of addressTypes) {
    const own = existing.filter((slice) => slice.addressType === addressType);
    const groups = Map.groupBy(
      wanted.filter((item) => item.addressType === addressType),
      (item) => canonical(item.ports),
    );
    const planned = [...groups].flatMap(([ports, items]) =>
      fill(
        items,
        own.filter((slice) => canonical(slice.ports ?? []) === ports),
      ),
    );
    // A Service without endpoints keeps one empty slice, which says that somebody looked.
    if (planned.length === 0) planned.push({ current: own[0], addressType, ports: [], endpoints: [] });
    const kept = new Set(planned.map((slice) => slice.current));
    plan.remove.push(...own.filter((slice) => !kept.has(slice)));
    plan.write.push(...planned);
  }
  plan.remove.push(...existing.filter((slice) => !addressTypes.includes(slice.addressType)));
  return plan;
}

function fill(items: readonly WantedEndpoint[], slices: readonly EndpointSlice[]): PlannedSlice[] {
  const { addressType, ports } = items[0] as WantedEndpoint;
  const left = new Map(items.map(({ endpoint }) => [identity(endpoint), endpoint]));
  const planned = slices.map((current): PlannedSlice => {
    const endpoints: Endpoint[] = [];
    for (const old of current.endpoints ?? []) {
      const fresh = left.get(identity(old));
      if (!fresh) continue;
      left.delete(identity(old));
      endpoints.push(fresh);
    }
    return { current, addressType, ports, endpoints };
  });
  const changes = (slice: PlannedSlice) => Number(!sameValue(slice.endpoints, slice.current?.endpoints));
  const fullest = planned.toSorted((a, b) => changes(b) - changes(a) || b.endpoints.length - a.endpoints.length);
  const rest = [...left.values()];
  for (const slice of fullest) slice.endpoints.push(...rest.splice(0, MAX_ENDPOINTS - slice.endpoints.length));
  while (rest.length > 0) planned.push({ addressType, ports, endpoints: rest.splice(0, MAX_ENDPOINTS) });
  return planned.filter((slice) => slice.endpoints.length > 0);
}

const identity = (endpoint: Endpoint): string => `${endpoint.targetRef?.uid ?? ''}/${endpoint.addresses.join(',')}`;
