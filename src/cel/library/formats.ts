// Named formats, which tell what is wrong with a string (k8s.io/apiserver pkg/cel/library/format.go).
import { fitsFormat } from '../../apimachinery/formats.ts';
import { requestUriProblem } from '../../apimachinery/go-url.ts';
import {
  isQualifiedName,
  isValidLabelValue,
  nameIsDNS1035Label,
  nameIsDNSLabel,
  nameIsDNSSubdomain,
} from '../../apimachinery/names.ts';
import { listOfValues } from '../collections.ts';
import { NONE, type Opaque, some, type Value } from '../values.ts';
import type { Implementation, Library } from './library.ts';
import { opaqueKind } from './opaque.ts';

export interface NamedFormat {
  validate(text: string): readonly string[];
  /** What the cost of validating goes by. */
  patternSize: number;
}

const fits =
  (format: string, otherwise: string): NamedFormat['validate'] =>
  (text) =>
    fitsFormat(text, format) ? [] : [otherwise];

const FORMATS: Readonly<Record<string, NamedFormat>> = {
  dns1123Label: { validate: (text) => nameIsDNSLabel(text, false), patternSize: 30 },
  dns1123Subdomain: { validate: (text) => nameIsDNSSubdomain(text, false), patternSize: 60 },
  dns1035Label: { validate: (text) => nameIsDNS1035Label(text, false), patternSize: 30 },
  qualifiedName: { validate: isQualifiedName, patternSize: 60 },
  dns1123LabelPrefix: { validate: (text) => nameIsDNSLabel(text, true), patternSize: 30 },
  dns1123SubdomainPrefix: { validate: (text) => nameIsDNSSubdomain(text, true), patternSize: 60 },
  dns1035LabelPrefix: { validate: (text) => nameIsDNS1035Label(text, true), patternSize: 30 },
  labelValue: { validate: isValidLabelValue, patternSize: 40 },
  uri: {
    validate(text) {
      const problem = requestUriProblem(text);
      return problem === undefined ? [] : [problem];
    },
    patternSize: 1103,
  },
  uuid: { validate: fits('uuid', 'does not match the UUID format'), patternSize: 70 },
  byte: { validate: fits('byte', 'invalid base64'), patternSize: 84 },
  date: { validate: fits('date', 'invalid date'), patternSize: 71 },
  datetime: { validate: fits('datetime', 'invalid datetime'), patternSize: 71 },
};

const formats = opaqueKind<NamedFormat>('namedFormat', { same: (a, b) => a === b });

export const patternSizeOf = (format: Opaque): number => formats.read(format).patternSize;

const named = (name: string): Value => {
  const format = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  return format ? some(formats.of(format)) : NONE;
};

function validate(format: Opaque, text: string): Value {
  const problems = formats.read(format).validate(text);
  return problems.length === 0 ? NONE : some(listOfValues(problems));
}

const names = Object.keys(FORMATS);

export const formatLibrary: Library = {
  declare: [
    ...names.map((name) => `format.${name} format.${name} () -> namedFormat`),
    'format.named format-named (string) -> optional(namedFormat)',
    'validate format-validate namedFormat.(string) -> optional(list(string))',
  ],
  implement: {
    ...Object.fromEntries(
      Object.entries(FORMATS).map(([name, format]): [string, Implementation] => [
        `format.${name}`,
        () => formats.of(format),
      ]),
    ),
    'format-named': named,
    'format-validate': validate,
  },
};
