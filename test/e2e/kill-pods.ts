// The pods of kills.ts, of as many kinds as there are ways to run: each container that starts writes a line into a file of its
// own, and bears its name among its arguments.
import type { Container, Pod } from '../../src/api/types/core/v1.ts';

export const KINDS = ['plain', 'layers', 'shared', 'host', 'console', 'volumes', 'port', 'finite'] as const;
export type Kind = (typeof KINDS)[number];

/** Names of the containers that a settled pod of the kind has run, or runs. */
const CONTAINERS: Readonly<Record<Kind, readonly string[]>> = {
  plain: ['main'],
  layers: ['main', 'other', 'beside'],
  shared: ['main', 'other'],
  host: ['main'],
  console: ['main'],
  volumes: ['main'],
  port: ['main'],
  finite: ['main'],
};

export const wordsOf = (pod: string, kind: Kind): string[] => CONTAINERS[kind].map((name) => `${pod}.${name}`);

const NOTE = 'echo started >> /ids/$0';
const FOREVER = `${NOTE}; trap "exit 0" TERM; while true; do sleep 1000 & wait; done`;

export function podOf(name: string, kind: Kind, { namespace, ids }: { namespace: string; ids: string }): Pod {
  const container = (containerName: string, more: Partial<Container> = {}, script = FOREVER): Container => ({
    name: containerName,
    image: 'busybox:1.36',
    imagePullPolicy: 'Never',
    command: ['sh', '-c', script, `${name}.${containerName}`],
    ...more,
    volumeMounts: [{ name: 'ids', mountPath: '/ids' }, ...(more.volumeMounts ?? [])],
  });
  const main = container('main');
  const parts: Record<Kind, Partial<NonNullable<Pod['spec']>>> = {
    plain: {},
    layers: {
      initContainers: [
        container('first', {}, NOTE),
        container('beside', { restartPolicy: 'Always' }),
        container('last', {}, NOTE),
      ],
      containers: [main, container('other')],
    },
    shared: { shareProcessNamespace: true, containers: [main, container('other')] },
    host: { hostNetwork: true },
    console: { containers: [container('main', { stdin: true, tty: true })] },
    volumes: {
      containers: [
        container('main', {
          volumeMounts: [
            { name: 'memory', mountPath: '/memory' },
            { name: 'disk', mountPath: '/disk', subPath: 'a/b' },
          ],
        }),
      ],
    },
    port: { containers: [container('main', { ports: [{ containerPort: 80, hostPort: 31_980 }] })] },
    finite: { restartPolicy: 'Never', containers: [container('main', {}, `${NOTE}; sleep 0.3`)] },
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [main],
      ...parts[kind],
      volumes: [
        { name: 'ids', hostPath: { path: ids } },
        { name: 'memory', emptyDir: { medium: 'Memory' } },
        { name: 'disk', emptyDir: {} },
      ],
    },
  };
}
