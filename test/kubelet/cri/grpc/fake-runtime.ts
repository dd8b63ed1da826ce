// A runtime that serves the CRI and runs nothing, for what no real one does when it is asked to: hang, have no events,
// say that it is not ready. Sandboxes and containers are values that a test changes.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Method } from '../../../../src/grpc/channel.ts';
import type { Read, Written } from '../../../../src/grpc/message.ts';
import type { ContainerEventResponse, ContainerStatus } from '../../../../src/kubelet/cri/grpc/messages/container.ts';
import type { PodSandboxConfig } from '../../../../src/kubelet/cri/grpc/messages/sandbox.ts';
import * as services from '../../../../src/kubelet/cri/grpc/services.ts';
import { type Call, type GrpcServer, grpcServer } from '../../../grpc/server.ts';

const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;

export interface FakeRuntime {
  path: string;
  /** Methods that are never answered. */
  hanging: Set<string>;
  conditions: { type: string; status: boolean; reason: string; message: string }[];
  /** Requests by method, as they came. */
  asked: { method: string; request: unknown }[];
  /** Changes what a container is; `tell` as an event, if the runtime has events. */
  change(id: string, status: Written<typeof ContainerStatus>, tell?: boolean): void;
  close(): Promise<void>;
}

export async function fakeRuntime({ name = 'cri-o', version = '1.36.0', hasEvents = true } = {}): Promise<FakeRuntime> {
  const sandboxes = new Map<string, Read<typeof PodSandboxConfig>>();
  const containers = new Map<string, Written<typeof ContainerStatus>>();
  const readers: Call[] = [];
  let made = 0;

  type Handler = (request: never) => object | undefined;
  const serve = <In, Out>(
    method: Method<In, Out>,
    answer: (request: Read<Method<In, Out>['request']>) => Written<Method<In, Out>['response']> | undefined,
  ): [string, { method: Method<never, never>; answer: Handler }] => [
    method.path,
    { method: method as never, answer: answer as Handler },
  ];
  const handlers = new Map([
    serve(services.VERSION, () => ({ runtimeName: name, runtimeVersion: version })),
    serve(services.STATUS, () => ({ status: { conditions: fake.conditions } })),
    serve(services.RUN_POD_SANDBOX, ({ config }) => {
      made += 1;
      const podSandboxId = `sandbox-${made}`;
      if (config) sandboxes.set(podSandboxId, config);
      return { podSandboxId };
    }),
    serve(services.LIST_POD_SANDBOX, () => ({
      items: [...sandboxes.keys()].map((id) => ({ id, state: 'SANDBOX_READY' as const })),
    })),
    serve(services.POD_SANDBOX_STATUS, ({ podSandboxId: id }) => {
      const config = sandboxes.get(id);
      const { metadata, labels, annotations } = config ?? {};
      return config && { status: { id, metadata, labels, annotations, network: { ip: '10.1.2.3' } } };
    }),
    serve(services.STOP_POD_SANDBOX, () => ({})),
    serve(services.REMOVE_POD_SANDBOX, ({ podSandboxId }) => {
      sandboxes.delete(podSandboxId);
      return {};
    }),
    serve(services.IMAGE_STATUS, ({ image }) => ({ image: { id: 'sha256:1', repoTags: [image?.image ?? ''] } })),
    serve(services.PULL_IMAGE, () => ({ imageRef: 'sha256:1' })),
    serve(services.CREATE_CONTAINER, ({ config, sandboxConfig }) => {
      made += 1;
      const containerId = `container-${made}`;
      const { metadata, labels } = config ?? {};
      const logPath = path.join(sandboxConfig?.logDirectory ?? '', config?.logPath ?? '');
      const created = { id: containerId, metadata, labels, logPath, createdAt: 1e6 };
      containers.set(containerId, { ...created, state: 'CONTAINER_CREATED' });
      return { containerId };
    }),
    serve(services.START_CONTAINER, ({ containerId: id }) => {
      const status = containers.get(id);
      writeFileSync(status?.logPath as string, '');
      containers.set(id, { ...status, state: 'CONTAINER_RUNNING' });
      return {};
    }),
    serve(services.REOPEN_CONTAINER_LOG, ({ containerId: id }) => {
      writeFileSync(containers.get(id)?.logPath as string, '');
      return {};
    }),
    serve(services.LIST_CONTAINERS, () => ({
      containers: [...containers].map(([id, { state }]) => ({ id, state })),
    })),
    serve(services.CONTAINER_STATUS, ({ containerId }) => {
      const status = containers.get(containerId);
      return status && { status };
    }),
    serve(services.EXEC_SYNC, () => ({})),
  ]);

  const server: GrpcServer = await grpcServer((call) => {
    const method = call.path.slice(call.path.indexOf('/') + 1);
    if (call.path === services.GET_CONTAINER_EVENTS.path && hasEvents) return void readers.push(call);
    const handler = handlers.get(call.path);
    if (!handler) return call.end(UNIMPLEMENTED, `unknown method ${method}`);
    const request = handler.method.request.decode(call.request);
    fake.asked.push({ method, request });
    if (fake.hanging.has(method)) return;
    const answer = handler.answer(request as never);
    if (!answer) return call.end(NOT_FOUND, 'not found');
    call.send(handler.method.response.encode(answer as never));
    call.end();
  });

  const fake: FakeRuntime = {
    path: server.path,
    hanging: new Set(),
    conditions: [],
    asked: [],
    change(id, status, tell = true) {
      const now = { ...containers.get(id), ...status };
      containers.set(id, now);
      if (!tell) return;
      const event: Written<typeof ContainerEventResponse> = {
        containerId: id,
        containerEventType: 'CONTAINER_STOPPED_EVENT',
        containersStatuses: [now],
      };
      for (const reader of readers) reader.send(services.GET_CONTAINER_EVENTS.response.encode(event));
    },
    close: server.close,
  };
  return fake;
}
