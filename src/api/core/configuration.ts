// ConfigMaps and Secrets: keys, sizes, and what immutable means (pkg/apis/core/validation).
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AnyObject } from '../../apimachinery/meta.ts';
import { isConfigMapKey } from '../../apimachinery/names.ts';
import { type FieldError, fieldError } from '../../apimachinery/status-error.ts';
import type { Behaviour } from '../behaviour.ts';
import { FIELD_IMMUTABLE } from '../validation/metadata.ts';
import { invalidEach } from '../validation/rules.ts';

const MAX_BYTES = 1024 * 1024;
type Data = Record<string, string>;

const dataOf = (object: AnyObject, field: string): Data => (object[field] ?? {}) as Data;
/** A null among the values stands for no bytes. */
const decodedSize = (text: string | null): number => Buffer.byteLength(text ?? '', 'base64');

function keyErrors(data: Data, path: string): FieldError[] {
  return Object.keys(data).flatMap((key) => invalidEach(`${path}[${key}]`, key, isConfigMapKey(key)));
}

/** Once immutable, always so, and the fields with it. */
function frozenErrors(object: AnyObject, old: AnyObject, fields: readonly string[]): FieldError[] {
  if (old.immutable !== true) return [];
  const text = 'field is immutable when `immutable` is set';
  const errors = object.immutable === true ? [] : [fieldError.forbidden('immutable', text)];
  for (const field of fields) {
    if (!isDeepStrictEqual(dataOf(object, field), dataOf(old, field))) errors.push(fieldError.forbidden(field, text));
  }
  return errors;
}

function validateConfigMap(object: AnyObject): FieldError[] {
  const data = dataOf(object, 'data');
  const binary = dataOf(object, 'binaryData');
  const errors = keyErrors(data, 'data');
  for (const key of Object.keys(data)) {
    if (Object.hasOwn(binary, key))
      errors.push(fieldError.invalid(`data[${key}]`, key, `duplicate of key present in binaryData`));
  }
  errors.push(...keyErrors(binary, 'binaryData'));
  const size =
    Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), 0) +
    Object.values(binary).reduce((sum, text) => sum + decodedSize(text), 0);
  return size > MAX_BYTES ? [...errors, fieldError.tooLong('[]', MAX_BYTES)] : errors;
}

export const configMaps: Behaviour = {
  validate: validateConfigMap,
  validateUpdate: (object, old) => frozenErrors(object, old, ['data', 'binaryData']),
};

/** What Secrets of a type must have: keys of data, or JSON in one of them. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};
const JSON_KEYS = ['.dockercfg', '.dockerconfigjson'];
const SERVICE_ACCOUNT = 'kubernetes.io/service-account.name';

function validateSecret(object: AnyObject): FieldError[] {
  const data = dataOf(object, 'data');
  const errors = keyErrors(data, 'data');
  const size = Object.values(data).reduce((sum, text) => sum + decodedSize(text), 0);
  if (size > MAX_BYTES) errors.push(fieldError.tooLong('data', MAX_BYTES));
  return [...errors, ...typeErrors(object, data)];
}

function typeErrors(object: AnyObject, data: Data): FieldError[] {
  const type = String(object.type ?? '');
  if (type === 'kubernetes.io/service-account-token') {
    const path = `metadata.annotations[${SERVICE_ACCOUNT}]`;
    return object.metadata.annotations?.[SERVICE_ACCOUNT] ? [] : [fieldError.required(path)];
  }
  if (type === 'kubernetes.io/basic-auth') {
    if ('username' in data || 'password' in data) return [];
    return ['username', 'password'].map((key) => fieldError.required(`data[${key}]`));
  }
  return (REQUIRED_KEYS[type] ?? []).flatMap((key) => {
    const text = data[key];
    if (text === undefined || (key === 'ssh-privatekey' && !text)) return [fieldError.required(`data[${key}]`)];
    return JSON_KEYS.includes(key) && !isJson(text)
      ? [fieldError.invalid(`data[${key}]`, '<secret contents redacted>', 'invalid character')]
      : [];
  });
}

function isJson(base64: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString());
    return typeof value === 'object';
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** A key that is not its certificate's serves nobody; it is told, and kept. */
function secretWarnings(object: AnyObject): string[] {
  if (object.type !== 'kubernetes.io/tls') return [];
  const { 'tls.crt': certificate = '', 'tls.key': key = '' } = dataOf(object, 'data');
  try {
    const pair = new X509Certificate(Buffer.from(certificate, 'base64'));
    const fits = pair.checkPrivateKey(createPrivateKey(Buffer.from(key, 'base64')));
    return fits ? [] : ['tls: private key does not match public key'];
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return [`tls: ${error.message}`];
  }
}

export const secrets: Behaviour = {
  validate: validateSecret,
  warnings: secretWarnings,
  prepareForUpdate(object, old) {
    // An empty type means the one it has.
    object.type ||= old.type;
  },
  validateUpdate: (object, old) => [
    ...(object.type === old.type ? [] : [fieldError.invalid('type', object.type, FIELD_IMMUTABLE)]),
    ...frozenErrors(object, old, ['data']),
  ],
};
