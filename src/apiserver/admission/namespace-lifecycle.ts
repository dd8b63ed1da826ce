// NamespaceLifecycle: objects are made only in namespaces that exist and are not going away; three namespaces stay.
import { namespaces } from '../../api/resources.ts';
import { forbidden, notFound } from '../../apimachinery/status-error.ts';
import type { AdmissionPlugin } from '../identity.ts';
import type { ObjectReader } from '../reader.ts';
import { refuse, resourceOf } from './request.ts';

const IMMORTAL = ['default', 'kube-system', 'kube-public'];

export function namespaceLifecycle(reader: ObjectReader): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    admit(request) {
      const { operation, namespace, name, definition } = request;
      if (definition.group === '' && definition.kind === 'Namespace') {
        if (operation === 'DELETE' && IMMORTAL.includes(name)) {
          throw forbidden({ group: '', resource: 'namespaces' }, name, 'this namespace may not be deleted');
        }
        return;
      }
      if (!namespace || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
      // An answer about the namespace would tell too much to who only asks what he may do.
      if (resourceOf(request) === 'localsubjectaccessreviews.authorization.k8s.io') return;
      const found = reader.get(namespaces, undefined, namespace);
      if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace);
      if (operation === 'CREATE' && found.status?.phase === 'Terminating') {
        const error = refuse(
          request,
          `unable to create new content in namespace ${namespace} because it is being terminated`,
        );
        error.status.details = {
          ...error.status.details,
          causes: [
            {
              reason: 'NamespaceTerminating',
              message: `namespace ${namespace} is being terminated`,
              field: 'metadata.namespace',
            },
          ],
        };
        throw error;
      }
    },
  };
}
