// A server and two people who undo things: what controllers do is done here in their names.
import type { ResourceType } from '../../../src/api/definition.ts';
import {
  configMaps,
  events,
  namespaces,
  roles,
  secrets,
  serviceAccounts,
  services,
} from '../../../src/api/resources.ts';
import type { ConfigMap } from '../../../src/api/types/core/v1.ts';
import { hasReason } from '../../../src/apimachinery/status-error.ts';
import { objectNamed, type Session } from '../../../src/history/session.ts';
import { plain } from '../../../src/history/text.ts';
import { applyPlan } from '../../../src/history/undo/apply.ts';
import { type ObjectUndo, type Proposal, proposeObject } from '../../../src/history/undo/gather.ts';
import { doneLine } from '../../../src/history/undo/show-plan.ts';
import { startSessionServer } from '../../support/session.ts';

const GC = 'system:serviceaccount:kube-system:generic-garbage-collector';
const NAMESPACE_CONTROLLER = 'system:serviceaccount:kube-system:namespace-controller';

type Options = Omit<ObjectUndo, 'subject'>;

export const configMap = (name: string, data: Record<string, string>, namespace = 'default'): ConfigMap => ({
  metadata: { name, namespace },
  data,
});

export const steps = ({ steps: all }: Proposal): string[] =>
  all.map(({ action, subject }) => `${action} ${subject.type.plural}/${subject.name}`);

export const propose = async (session: Session, words: string, options: Options = {}): Promise<Proposal> =>
  proposeObject(session, { subject: await objectNamed(session, words.split(' ')), ...options });

/** Answers with what became of each step. */
export const apply = async (session: Session, proposal: Proposal): Promise<string[]> =>
  (await applyPlan(session, proposal)).map((done) => doneLine(done, plain));

export const undo = async (session: Session, words: string, options: Options = {}): Promise<string[]> =>
  apply(session, await propose(session, words, options));

export const patch = (session: Session, name: string, data: Record<string, string | null>) =>
  session.client.patch(configMaps, 'default', name, { type: 'merge', body: { data } });

export async function startUndo() {
  const server = await startSessionServer();
  const [alice, mallory, gc, controller] = (await Promise.all(
    ['alice', 'mallory', GC, NAMESPACE_CONTROLLER].map((user) => server.as(user)),
  )) as [Session, Session, Session, Session];
  return {
    server,
    alice,
    mallory,
    gc,
    dataOf: async (name: string) => (await alice.client.get(configMaps, 'default', name)).data,
    isGone: async (type: ResourceType, name: string, namespace: string | undefined = 'default'): Promise<boolean> =>
      alice.client.get(type, namespace, name).then(
        () => false,
        (error: unknown) => {
          if (hasReason(error, 'NotFound')) return true;
          throw error;
        },
      ),

    /** With what controllers put into a new one. */
    async makeNamespace(name: string, by = alice): Promise<void> {
      await by.client.create(namespaces, { metadata: { name }, spec: {} });
      await gc.client.create(serviceAccounts, { metadata: { name: 'default', namespace: name } });
      await gc.client.create(configMaps, configMap('kube-root-ca.crt', {}, name));
    },

    /** Emptied and ended as by the namespace controller. */
    async deleteNamespace(name: string, by = mallory): Promise<void> {
      await by.client.delete(namespaces, undefined, name);
      for (const type of [configMaps, serviceAccounts, secrets, services, roles, events]) {
        await controller.client.deleteCollection(type, { namespace: name });
      }
      const left = await controller.client.get(namespaces, undefined, name);
      await controller.client.update(namespaces, { ...left, spec: { finalizers: [] } }, { subresource: 'finalize' });
    },
  };
}
