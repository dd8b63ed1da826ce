// Addresses that traffic may be sent to (pkg/apis/core/validation ValidateEndpointIP and what is like it).
import { isIP } from 'node:net';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';

export const NOT_AN_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

/** Traffic to these would go to the wrong machine, or to none. */
const UNUSABLE: readonly [pattern: RegExp, problem: string][] = [
  [/^(0\.0\.0\.0|::)$/, 'may not be unspecified (0.0.0.0 or ::)'],
  [/^(127\.|::1$)/, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [/^(169\.254\.|fe[89ab])/i, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  [/^(224\.0\.0\.|ff02)/i, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
];

export const unusableIp = (address: string, path: string): FieldError[] =>
  UNUSABLE.filter(([pattern]) => pattern.test(address)).map(([, text]) => fieldError.invalid(path, address, text));

export const endpointIp = (address: string, path: string): FieldError[] =>
  isIP(address) === 0 ? [fieldError.invalid(path, address, NOT_AN_IP)] : unusableIp(address, path);
