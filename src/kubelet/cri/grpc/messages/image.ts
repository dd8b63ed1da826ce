// Messages of images, and of the runtime itself, in k8s.io/cri-api/pkg/apis/runtime/v1/api.proto; see sandbox.ts.
import { flag, integer, many, map, message, one, text, texts } from '../../../../grpc/message.ts';
import { Int64Value } from './sandbox.ts';

export const ImageSpec = message({ image: text(1) });

export const Image = message({
  id: text(1),
  repoTags: texts(2),
  repoDigests: texts(3),
  size: integer(4),
  uid: one(5, Int64Value),
  username: text(6),
  pinned: flag(8),
});

export const ListImagesRequest = message({});
export const ListImagesResponse = message({ images: many(1, Image) });
export const ImageStatusRequest = message({ image: one(1, ImageSpec), verbose: flag(2) });
export const ImageStatusResponse = message({ image: one(1, Image), info: map(2) });
export const AuthConfig = message({ username: text(1), password: text(2) });
export const PullImageRequest = message({ image: one(1, ImageSpec), auth: one(2, AuthConfig) });
export const PullImageResponse = message({ imageRef: text(1) });
export const RemoveImageRequest = message({ image: one(1, ImageSpec) });
export const RemoveImageResponse = message({});

export const UInt64Value = message({ value: integer(1) });
export const FilesystemIdentifier = message({ mountpoint: text(1) });
export const FilesystemUsage = message({
  fsId: one(2, FilesystemIdentifier),
  usedBytes: one(3, UInt64Value),
  inodesUsed: one(4, UInt64Value),
});
export const ImageFsInfoRequest = message({});
export const ImageFsInfoResponse = message({ imageFilesystems: many(1, FilesystemUsage) });

export const VersionRequest = message({ version: text(1) });
export const VersionResponse = message({ runtimeName: text(2), runtimeVersion: text(3) });
export const RuntimeCondition = message({ type: text(1), status: flag(2), reason: text(3), message: text(4) });
export const RuntimeStatus = message({ conditions: many(1, RuntimeCondition) });
export const StatusRequest = message({});
export const StatusResponse = message({ status: one(1, RuntimeStatus) });
