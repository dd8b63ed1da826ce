// Says in the status of each FlowSchema whether its priority level exists: the condition Dangling
// (apiserver/pkg/util/flowcontrol/apf_controller.go syncFlowSchemaStatus).
import { flowSchemas, priorityLevelConfigurations } from '../../api/resources.ts';
import type { FlowSchema, FlowSchemaCondition } from '../../api/types/flowcontrol/v1.ts';
import { hasReason } from '../../apimachinery/status-error.ts';
import type { Client } from '../../client/client.ts';
import { type Clock, timestamp } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { ObjectReader } from '../reader.ts';

const FIELD_MANAGER = 'api-priority-and-fairness-config-consumer-v1';

export interface SchemaStatusOptions {
  client: Client;
  reader: ObjectReader;
  clock: Clock;
  log: Logger;
}

export function followSchemaStatus({ client, reader, clock, log }: SchemaStatusOptions): { stop(): Promise<void> } {
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;

  async function sync(): Promise<void> {
    do {
      again = false;
      for (const schema of reader.list<FlowSchema>(flowSchemas)) await tell(schema);
    } while (again && !stopped);
    running = undefined;
  }

  async function tell(schema: FlowSchema): Promise<void> {
    const level = schema.spec.priorityLevelConfiguration.name;
    const wanted = dangling(level, reader.get(priorityLevelConfigurations, undefined, level) !== undefined);
    const told = schema.status?.conditions?.find(({ type }) => type === wanted.type);
    if (stopped || (told?.status === wanted.status && told?.message === wanted.message)) return;
    const lastTransitionTime = told?.status === wanted.status ? told?.lastTransitionTime : timestamp(clock);
    const name = schema.metadata.name as string;
    const body = {
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
      kind: 'FlowSchema',
      metadata: { name },
      status: { conditions: [{ ...wanted, lastTransitionTime }] },
    };
    await client
      .patch(
        flowSchemas,
        undefined,
        name,
        { type: 'apply', body, force: true },
        { subresource: 'status', fieldManager: FIELD_MANAGER },
      )
      .catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) log.warn({ err: error, flowSchema: name }, 'could not tell its status');
      });
  }

  const changed = () => {
    if (running) again = true;
    else running = sync();
  };
  const stops = [reader.subscribe(flowSchemas, changed), reader.subscribe(priorityLevelConfigurations, changed)];
  return {
    async stop() {
      stopped = true;
      for (const stop of stops) stop();
      await running;
    },
  };
}

/** Pure. */
export const dangling = (level: string, exists: boolean): Omit<FlowSchemaCondition, 'lastTransitionTime'> =>
  exists
    ? {
        type: 'Dangling',
        status: 'False',
        reason: 'Found',
        message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} and it exists`,
      }
    : {
        type: 'Dangling',
        status: 'True',
        reason: 'NotFound',
        message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} but there is no such object`,
      };
