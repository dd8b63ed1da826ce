// What Kubernetes says of its types and fields (facts/descriptions.json.br, which scripts/api-descriptions.ts makes at
// set-up). A megabyte of text that hardly anybody asks for: it is read anew each time, and nothing of it is kept here.
import { existsSync, readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

/** By model, then by the JSON name of the field; '' is the type itself. */
export type Descriptions = Record<string, Record<string, string>>;

const FILE = new URL('facts/descriptions.json.br', import.meta.url);

/** Empty where the set-up found no texts. */
export const readDescriptions = (): Descriptions =>
  existsSync(FILE) ? (JSON.parse(brotliDecompressSync(readFileSync(FILE)).toString()) as Descriptions) : {};
