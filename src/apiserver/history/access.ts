// Who may see what of the past. Whoever may get an object may read its history; who may only get `<resource>/history`
// may, too, but sees no values of Secrets. The list of changes is open to everyone with a name, and shows to each what
// he may read the history of.
import type { Attributes, Authorizer, Decision, UserInfo } from '../identity.ts';
import type { RequestInfo } from '../request-info.ts';

export const HISTORY_GROUP = 'history.tsukube.dev';
export const HISTORY_API = `${HISTORY_GROUP}/v1`;

/** What history can be shown as, besides itself. */
export const HISTORY_SHAPES = ['Table'];

/** 'masked': without the values of Secrets. */
export type Access = 'whole' | 'masked';

type Asked = Pick<RequestInfo, 'isResource' | 'apiGroup' | 'resource' | 'subresource' | 'verb'>;

export const isObjectHistory = ({ isResource, subresource, verb }: Asked): boolean =>
  isResource && subresource === 'history' && verb === 'get';

const isChangeList = ({ isResource, apiGroup, resource, subresource, verb }: Asked): boolean =>
  isResource && apiGroup === HISTORY_GROUP && resource === 'changes' && !subresource && verb === 'list';

/** The decision on a request, whether it is for history or not. */
export function decide(authorizer: Authorizer, attributes: Attributes): Decision | Promise<Decision> {
  if (isObjectHistory(attributes)) return decideOnHistory(authorizer, attributes);
  if (isChangeList(attributes) && attributes.user.groups.includes('system:authenticated')) return { result: 'allow' };
  return authorizer.authorize(attributes);
}

async function decideOnHistory(authorizer: Authorizer, attributes: Attributes): Promise<Decision> {
  const whole = await authorizer.authorize({ ...attributes, subresource: '' });
  return whole.result === 'allow' ? whole : await authorizer.authorize(attributes);
}

export interface Place {
  apiGroup: string;
  apiVersion: string;
  resource: string;
  namespace: string;
  name: string;
}

/** What `user` may see of the history of what is at `place`; undefined for nothing. */
export async function accessTo(authorizer: Authorizer, user: UserInfo, place: Place): Promise<Access | undefined> {
  const attributes = { ...place, user, verb: 'get', isResource: true, path: '' };
  if ((await authorizer.authorize({ ...attributes, subresource: '' })).result === 'allow') return 'whole';
  const masked = await authorizer.authorize({ ...attributes, subresource: 'history' });
  return masked.result === 'allow' ? 'masked' : undefined;
}
