// References of images, as far as defaults need them (pkg/util/parsers ParseImageName): whether one is well made, and
// its tag. Parts are split off before they are matched, so that the time is linear in the length.
import { remembered } from '../../apimachinery/remembered.ts';

const PATH_PART = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const DOMAIN_LABEL = /^[a-zA-Z0-9-]+$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const HEX_NAME = /^[a-f0-9]{64}$/;
const LONGEST_PATH = 255;
/** Where names of one part are, in the registry that is meant when none is. */
const LIBRARY = 'library/';

/** The tag, 'latest' where neither tag nor digest is given; undefined for what is no reference. */
export const imageTag = remembered((reference): string | undefined => {
  const [tagged = '', digest, ...more] = reference.split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return undefined;
  const colon = tagged.lastIndexOf(':');
  const hasTag = colon > tagged.lastIndexOf('/');
  const tag = hasTag ? tagged.slice(colon + 1) : undefined;
  if (!isName(hasTag ? tagged.slice(0, colon) : tagged) || (tag !== undefined && !TAG.test(tag))) return undefined;
  return tag ?? (digest === undefined ? 'latest' : '');
});

function isName(name: string): boolean {
  if (HEX_NAME.test(name)) return false;
  const [first = '', ...rest] = name.split('/');
  const hasDomain = rest.length > 0 && (/[.:A-Z]/.test(first) || first === 'localhost');
  const parts = hasDomain ? rest : [first, ...rest];
  const path = rest.length > 0 ? parts.join('/') : LIBRARY + name;
  return path.length <= LONGEST_PATH && parts.every((part) => PATH_PART.test(part)) && (!hasDomain || isDomain(first));
}

function isDomain(text: string): boolean {
  const [, host = '', port] = /^(.*?)(?::(\d*))?$/.exec(text) ?? [];
  const labels = host.split('.');
  return port !== '' && labels.every((label) => DOMAIN_LABEL.test(label) && !/^-|-$/.test(label));
}
