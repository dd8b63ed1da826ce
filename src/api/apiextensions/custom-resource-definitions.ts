// CustomResourceDefinitions as objects (apiextensions-apiserver pkg/registry/customresourcedefinition/strategy.go).
// What comes of them is served by src/apiserver/apiextensions.
import { isKnownFormat } from '../../apimachinery/formats.ts';
import type { AnyObject } from '../../apimachinery/meta.ts';
import type { Behaviour } from '../behaviour.ts';
import type { CustomResourceDefinition } from '../types/apiextensions/v1.ts';
import { definitionErrors, namesErrors, updateErrors } from './definition-rules.ts';
import { type Schema, someSchema } from './schema.ts';

type Definition = AnyObject & CustomResourceDefinition;

export const customResourceDefinitions: Behaviour = {
  prepareForCreate(object) {
    const crd = object as Definition;
    crd.status = { storedVersions: [] } as unknown as NonNullable<Definition['status']>;
    storeVersion(crd);
  },
  prepareForUpdate: (object) => storeVersion(object as Definition),
  validateCreate: (object) => definitionErrors(object as Definition),
  validateUpdate: (object, old) => [
    ...definitionErrors(object as Definition, old as Definition),
    ...updateErrors(object as Definition, old as Definition),
  ],
  updateIsChangeOnly: true,
  validateStatusUpdate: (object) => namesErrors((object as Definition).status?.acceptedNames, 'status.acceptedNames'),
  warnings(object, old) {
    const before = new Set(old ? unknownFormats(old as Definition) : []);
    return unknownFormats(object as Definition)
      .filter((format) => !before.has(format))
      .map((format) => `unrecognized format ${JSON.stringify(format)}`);
  },
};

/** The version that is written from now on has been stored. */
function storeVersion(crd: Definition): void {
  const version = crd.spec.versions?.find(({ storage }) => storage)?.name;
  const status = (crd.status ?? {}) as NonNullable<Definition['status']>;
  const stored = status.storedVersions ?? [];
  if (version === undefined || stored.includes(version)) return;
  crd.status = { ...status, storedVersions: [...stored, version] };
}

function unknownFormats({ spec }: Definition): string[] {
  const found = new Set<string>();
  for (const { schema } of spec.versions ?? []) {
    const root = schema?.openAPIV3Schema as Schema | undefined;
    if (!root) continue;
    someSchema(root, ({ format, type }) => {
      if (format && !isKnownFormat(format, type)) found.add(format);
      return false;
    });
  }
  return [...found];
}
