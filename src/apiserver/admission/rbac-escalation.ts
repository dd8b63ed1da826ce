// Not a plugin upstream, where the RBAC registries do it themselves: refuses roles and bindings that grant more than
// their author holds. Among the validations it sees the object as it would be stored.
import { checkEscalation, type EscalationCheck } from '../authorization/escalation.ts';
import type { AdmissionPlugin } from '../identity.ts';

export const rbacEscalation = (check: EscalationCheck): AdmissionPlugin => ({
  name: 'RBACEscalation',
  async validate({ operation, definition, subresource, namespace, object, oldObject, user }) {
    if (definition.group !== 'rbac.authorization.k8s.io' || subresource !== '' || !object) return;
    if (operation !== 'CREATE' && operation !== 'UPDATE') return;
    const write = { resource: definition.plural, namespace, object, user, ...(oldObject ? { oldObject } : {}) };
    await checkEscalation(write, check);
  },
});
