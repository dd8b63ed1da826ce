// Messages of what containers use, in k8s.io/cri-api/pkg/apis/runtime/v1/api.proto; see sandbox.ts.
import { integer, many, message, one, text } from '../../../../grpc/message.ts';
import { FilesystemUsage, UInt64Value } from './image.ts';

export const ContainerAttributes = message({ id: text(1) });
export const CpuUsage = message({ timestamp: integer(1), usageCoreNanoSeconds: one(2, UInt64Value) });
export const MemoryUsage = message({
  timestamp: integer(1),
  workingSetBytes: one(2, UInt64Value),
  usageBytes: one(4, UInt64Value),
  rssBytes: one(5, UInt64Value),
  pageFaults: one(6, UInt64Value),
  majorPageFaults: one(7, UInt64Value),
});
export const ContainerStats = message({
  attributes: one(1, ContainerAttributes),
  cpu: one(2, CpuUsage),
  memory: one(3, MemoryUsage),
  writableLayer: one(4, FilesystemUsage),
});
export const ListContainerStatsRequest = message({});
export const ListContainerStatsResponse = message({ stats: many(1, ContainerStats) });
