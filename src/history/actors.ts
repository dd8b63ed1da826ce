// Which revisions people mean when they speak of changes: not those by which the control plane keeps its books. Pure.
import type { Revision } from './types.ts';
import { isKeptByServer } from './undo/take-back.ts';

/** Controllers, kubelets and the API server itself (the users of their default roles). */
const CONTROL_PLANE =
  /^system:(?:serviceaccount:kube-system:|node:|apiserver$|kube-controller-manager$|kube-scheduler$|kube-proxy$)/;

export const isControlPlane = (user: string): boolean => CONTROL_PLANE.test(user);

const DELETION_BEGUN = '.metadata.deletionTimestamp';

/** An update of nothing but status and the like is none that anyone would undo; one that begins a deletion is. */
export const isOfStatusOnly = ({ operation, changes }: Pick<Revision, 'operation' | 'changes'>): boolean =>
  operation === 'update' && changes.every(({ path }) => isKeptByServer(path) && path !== DELETION_BEGUN);

/** A change of what an object is meant to be, by someone who is not a part of the cluster. */
export const isByIntent = (revision: Revision): boolean => !isOfStatusOnly(revision) && !isControlPlane(revision.user);
