// A whole API server and, for each user who is asked for, the session that the commands of history have with it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openSession, type Session } from '../../src/history/session.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { startTestServer, type TestServer } from './server.ts';

export interface SessionServer {
  server: TestServer;
  clock: FakeClock;
  kubeconfig: string;
  /** As `user`, who may do everything; in the namespace default. */
  as(user: string, options?: { groups?: string[]; namespace?: string }): Promise<Session>;
  stop(): Promise<void>;
}

const TOKEN = 'secret';

export async function startSessionServer(namespaces: readonly string[] = ['default']): Promise<SessionServer> {
  const clock = fakeClock();
  const server = await startTestServer({ clock, port: 0, staticToken: TOKEN, namespaces });
  const folder = mkdtempSync(path.join(tmpdir(), 'tsk-'));
  const kubeconfig = path.join(folder, 'kubeconfig');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      'current-context': 'test',
      clusters: [
        {
          name: 'test',
          cluster: {
            server: server.server.url,
            'certificate-authority-data': Buffer.from(server.ca).toString('base64'),
          },
        },
      ],
      users: [{ name: 'test', user: { token: TOKEN } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    }),
  );
  const sessions: Session[] = [];
  return {
    server,
    clock,
    kubeconfig,
    async as(user, { groups = ['system:masters'], namespace } = {}) {
      const session = await openSession({
        file: kubeconfig,
        env: {},
        home: folder,
        userAgent: 'test/1',
        impersonate: { user, groups },
        ...(namespace ? { namespace } : {}),
      });
      sessions.push(session);
      return session;
    },
    async stop() {
      await Promise.all(sessions.map((session) => session.close()));
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
