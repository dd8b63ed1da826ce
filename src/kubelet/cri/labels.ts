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
/** The container whose PID namespace it joined. */
export const LABEL_PROCESSES_OF = 'io.tsukube/processes-of';
/** Where the container's log is. */
export const LABEL_LOG = 'io.tsukube/log';
/** Folder of the container's console (console.ts), and what it has of `stdin,stdinOnce,tty`. */
export const LABEL_CONSOLE = 'io.tsukube/console';
export const LABEL_CONSOLE_STREAMS = 'io.tsukube/console-streams';
/** The IPC namespace to join; read by the runc wrapper. */
export const ANNOTATION_IPC = 'io.tsukube/ipc';
/** The supplementary groups of the process after its first one, a comma before each; read by the runc wrapper. */
export const ANNOTATION_GROUPS = 'io.tsukube/groups';
/** The first group of the process; read by the runc wrapper. */
export const ANNOTATION_GROUP = 'io.tsukube/group';
/** Of which server, where a runtime has several's. */
export const LABEL_INSTANCE = 'io.tsukube/instance';
