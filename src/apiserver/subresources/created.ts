// The answer of posts that make no object.
import type { AnyObject, Status } from '../../apimachinery/meta.ts';
import type { ApiResult } from '../request.ts';

export function created(): ApiResult {
  const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  return { type: 'object', status: 201, object: status as unknown as AnyObject };
}
