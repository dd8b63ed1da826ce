// YAML, for people: nothing is kept, and there are no watches.
import { stringify } from 'yaml';
import { plainEncoding } from './encoding.ts';

/** Anchors and aliases would be valid, but no Kubernetes tool writes them; keys are in order, as upstream's. */
const STYLE = { aliasDuplicateObjects: false, lineWidth: 0, sortMapEntries: true, indentSeq: false } as const;

export const yaml = plainEncoding((object) => Buffer.from(stringify(object, STYLE)));
