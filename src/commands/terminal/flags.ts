// Flags of commands that ask a cluster as kubectl does, and the session they make.
import { homedir } from 'node:os';
import * as Flags from '@oclif/core/flags';
import type { Session } from '../../history/session.ts';

export const clusterFlags = {
  kubeconfig: Flags.string({
    helpGroup: 'CLUSTER',
    description: 'kubeconfig file; default KUBECONFIG, else ~/.kube/config',
  }),
  context: Flags.string({ helpGroup: 'CLUSTER', description: 'context of the kubeconfig; default the current one' }),
  as: Flags.string({ helpGroup: 'CLUSTER', description: 'user to impersonate' }),
  'as-group': Flags.string({
    helpGroup: 'CLUSTER',
    description: 'group to impersonate; may be repeated',
    multiple: true,
    dependsOn: ['as'],
  }),
};

export const namespaceFlag = {
  namespace: Flags.string({ char: 'n', description: "namespace; default the context's" }),
};

export const outputFlag = {
  output: Flags.string({ char: 'o', description: 'json or yaml, for programs', options: ['json', 'yaml'] as const }),
};

export const MOMENT = 'a revision (42), how long ago (10m, 1h30m, 2d) or a time (2026-01-31T12:00:00Z)';

interface ClusterFlags {
  kubeconfig?: string | undefined;
  context?: string | undefined;
  as?: string | undefined;
  'as-group'?: string[] | undefined;
  namespace?: string | undefined;
}

/** Opens a session for `work` and closes it. */
export async function withSession<T>(
  flags: ClusterFlags,
  userAgent: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { openSession } = await import('../../history/session.ts');
  const { kubeconfig: file, context, as: user, 'as-group': groups, namespace } = flags;
  const session = await openSession({
    env: process.env,
    home: homedir(),
    userAgent,
    ...(file ? { file } : {}),
    ...(context ? { context } : {}),
    ...(user ? { impersonate: { user, ...(groups ? { groups } : {}) } } : {}),
    ...(namespace ? { namespace } : {}),
  });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
