// FieldManagers over the algorithms of apimachinery/patch/apply.
import type { SchemaSet } from '../../apimachinery/schema.ts';
import type { Clock } from '../../clock.ts';
import type { FieldManagers } from './managed-fields.ts';

export function createFieldManagers(_options: { clock: Clock; types: SchemaSet }): FieldManagers {
  return {
    trackUpdate(object, { live }) {
      const kept = live?.metadata.managedFields;
      if (kept) object.metadata.managedFields = structuredClone(kept);
      else delete object.metadata.managedFields;
    },
    apply: (applied) => applied,
  };
}
