// Paths of JSON patches, for expressions that make them (k8s.io/apiserver pkg/cel/library/jsonpatch.go).
import type { Library } from './library.ts';

export const patches: Library = {
  declare: ['jsonpatch.escapeKey string_jsonpatch_escapeKey_string (string) -> string'],
  implement: {
    string_jsonpatch_escapeKey_string: (key: string) => key.replace(/[~/]/g, (char) => (char === '~' ? '~0' : '~1')),
  },
};
