// Which images somebody wants kept, whoever uses them: by the label that containerd's CRI goes by, which nerdctl does not show
// (containerd internal/cri/labels).
import type { GrpcChannel } from '../../../grpc/channel.ts';
import { CALL_TIMEOUT_MS, LIST_IMAGES } from '../containerd/api.ts';

const PINNED = 'labels."io.cri-containerd.pinned"==pinned';

/** Their full names. */
export async function pinnedImages(containerd: Pick<GrpcChannel, 'unary'>): Promise<Set<string>> {
  const { images } = await containerd.unary(LIST_IMAGES, { filters: [PINNED] }, { timeoutMs: CALL_TIMEOUT_MS });
  return new Set(images.map(({ name }) => name));
}
