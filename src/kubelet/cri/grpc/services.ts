// The calls of the CRI that are made: runtime.v1.RuntimeService and ImageService.
import { method } from '../../../grpc/channel.ts';
import * as container from './messages/container.ts';
import * as image from './messages/image.ts';
import * as sandbox from './messages/sandbox.ts';
import * as stats from './messages/stats.ts';

const runtime = (name: string) => `runtime.v1.RuntimeService/${name}`;
const images = (name: string) => `runtime.v1.ImageService/${name}`;

export const VERSION = method(runtime('Version'), image.VersionRequest, image.VersionResponse);
export const STATUS = method(runtime('Status'), image.StatusRequest, image.StatusResponse);

export const RUN_POD_SANDBOX = method(
  runtime('RunPodSandbox'),
  sandbox.RunPodSandboxRequest,
  sandbox.RunPodSandboxResponse,
);
export const STOP_POD_SANDBOX = method(
  runtime('StopPodSandbox'),
  sandbox.StopPodSandboxRequest,
  sandbox.StopPodSandboxResponse,
);
export const REMOVE_POD_SANDBOX = method(
  runtime('RemovePodSandbox'),
  sandbox.RemovePodSandboxRequest,
  sandbox.RemovePodSandboxResponse,
);
export const POD_SANDBOX_STATUS = method(
  runtime('PodSandboxStatus'),
  sandbox.PodSandboxStatusRequest,
  sandbox.PodSandboxStatusResponse,
);
export const LIST_POD_SANDBOX = method(
  runtime('ListPodSandbox'),
  sandbox.ListPodSandboxRequest,
  sandbox.ListPodSandboxResponse,
);

export const CREATE_CONTAINER = method(
  runtime('CreateContainer'),
  container.CreateContainerRequest,
  container.CreateContainerResponse,
);
export const START_CONTAINER = method(
  runtime('StartContainer'),
  container.StartContainerRequest,
  container.StartContainerResponse,
);
export const STOP_CONTAINER = method(
  runtime('StopContainer'),
  container.StopContainerRequest,
  container.StopContainerResponse,
);
export const REMOVE_CONTAINER = method(
  runtime('RemoveContainer'),
  container.RemoveContainerRequest,
  container.RemoveContainerResponse,
);
export const LIST_CONTAINERS = method(
  runtime('ListContainers'),
  container.ListContainersRequest,
  container.ListContainersResponse,
);
export const CONTAINER_STATUS = method(
  runtime('ContainerStatus'),
  container.ContainerStatusRequest,
  container.ContainerStatusResponse,
);
export const UPDATE_CONTAINER_RESOURCES = method(
  runtime('UpdateContainerResources'),
  container.UpdateContainerResourcesRequest,
  container.UpdateContainerResourcesResponse,
);
export const REOPEN_CONTAINER_LOG = method(
  runtime('ReopenContainerLog'),
  container.ReopenContainerLogRequest,
  container.ReopenContainerLogResponse,
);
export const LIST_CONTAINER_STATS = method(
  runtime('ListContainerStats'),
  stats.ListContainerStatsRequest,
  stats.ListContainerStatsResponse,
);
export const GET_CONTAINER_EVENTS = method(
  runtime('GetContainerEvents'),
  container.GetEventsRequest,
  container.ContainerEventResponse,
);

export const EXEC_SYNC = method(runtime('ExecSync'), container.ExecSyncRequest, container.ExecSyncResponse);
export const EXEC = method(runtime('Exec'), container.ExecRequest, container.ExecResponse);
export const ATTACH = method(runtime('Attach'), container.AttachRequest, container.AttachResponse);
export const PORT_FORWARD = method(runtime('PortForward'), container.PortForwardRequest, container.PortForwardResponse);

export const LIST_IMAGES = method(images('ListImages'), image.ListImagesRequest, image.ListImagesResponse);
export const IMAGE_STATUS = method(images('ImageStatus'), image.ImageStatusRequest, image.ImageStatusResponse);
export const PULL_IMAGE = method(images('PullImage'), image.PullImageRequest, image.PullImageResponse);
export const REMOVE_IMAGE = method(images('RemoveImage'), image.RemoveImageRequest, image.RemoveImageResponse);
export const IMAGE_FS_INFO = method(images('ImageFsInfo'), image.ImageFsInfoRequest, image.ImageFsInfoResponse);
