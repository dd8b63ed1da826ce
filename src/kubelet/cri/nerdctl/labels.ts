// The labels that make a container known again after a restart of the server; the first four are the CRI's own.

export const LABEL_CONTAINER = 'io.kubernetes.container.name';
export const LABEL_POD = 'io.kubernetes.pod.name';
export const LABEL_POD_NAMESPACE = 'io.kubernetes.pod.namespace';
export const LABEL_POD_UID = 'io.kubernetes.pod.uid';
export const LABEL_SANDBOX = 'io.tsukube/sandbox';
export const LABEL_ATTEMPT = 'io.tsukube/attempt';
export const LABEL_IMAGE = 'io.tsukube/image';
export const LABEL_IMAGE_ID = 'io.tsukube/image-id';
export const LABEL_STOP_SIGNAL = 'io.tsukube/stop-signal';
/** The FIFO that is the container's stdin; an annotation as well, which the runc wrapper (runc-wrapper.ts) reads. */
export const LABEL_STDIN = 'io.tsukube/stdin';
/** The IPC namespace to join; read by the runc wrapper. */
export const ANNOTATION_IPC = 'io.tsukube/ipc';
