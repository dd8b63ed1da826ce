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
/** Read by the runc wrapper (runc-wrapper.ts): the IPC namespace to join, and the FIFO to take as stdin. */
export const LABEL_IPC = 'io.tsukube/ipc';
export const LABEL_STDIN = 'io.tsukube/stdin';
