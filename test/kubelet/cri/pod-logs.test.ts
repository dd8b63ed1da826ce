import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createPodLogs, type PodLogs } from '../../../src/kubelet/cri/pod-logs.ts';

describe("the places of containers' logs", () => {
  let root: string;
  let logs: PodLogs;
  beforeEach(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'pod-logs-'));
    logs = createPodLogs(path.join(root, 'pods'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (uid: string, { attempt = 0, id }: { attempt?: number; id?: string } = {}) => {
    const pod = { namespace: 'default', name: 'web', uid };
    const container = {
      id: id ?? `id${attempt}`,
      pod,
      name: 'main',
      logPath: path.join(logs.folder(pod), logs.file('main', attempt)),
    };
    mkdirSync(path.dirname(container.logPath), { recursive: true });
    writeFileSync(container.logPath, uid);
    logs.link(container);
    return container;
  };
  const links = () => readdirSync(logs.links).toSorted();

  test("are upstream's", () => {
    const { logPath } = write('u1', { attempt: 2 });
    assert.equal(logPath, path.join(root, 'pods/default_web_u1/main/2.log'));
    assert.deepEqual(links(), ['web_default_main-id2.log']);
    assert.equal(readFileSync(path.join(logs.links, 'web_default_main-id2.log'), 'utf8'), 'u1');
  });

  test('go with a container, those it was rotated into too', () => {
    const first = write('u1');
    const second = write('u1', { attempt: 1 });
    writeFileSync(`${first.logPath}.1`, '');
    logs.removeContainer(first);
    logs.removeContainer(first);
    assert.deepEqual(readdirSync(path.dirname(second.logPath)), ['1.log']);
    assert.deepEqual(links(), ['web_default_main-id1.log']);
  });

  test('go with a pod, but not those of a new one of its name', () => {
    const { pod } = write('u1');
    write('u2', { id: 'new' });
    writeFileSync(path.join(logs.links, 'web_default_no-link.log'), '');
    logs.removePod(pod);
    assert.deepEqual(readdirSync(logs.root), ['default_web_u2']);
    assert.deepEqual(links(), ['web_default_main-new.log', 'web_default_no-link.log']);
  });

  test('need not be there to be removed', () => {
    logs.removePod({ namespace: 'default', name: 'web', uid: 'u1' });
    assert.deepEqual(readdirSync(root), []);
  });
});
