// Makes the image of a container present: pull policy, back-off after failures, credentials one after another until
// one is taken, and no use of what was pulled with another pod's (pkg/kubelet/images/image_manager.go, kuberuntime_image.go).
import type { Container, Pod } from '../api/types/core/v1.ts';
import { formatMs } from '../apimachinery/duration.ts';
import type { EventRecorder } from '../client/controller.ts';
import type { Clock } from '../clock.ts';
import { type BackOffTimes, createKeyedBackOff } from './back-off.ts';
import { type ImageRuntime, type ImageStatus, RuntimeError } from './cri/runtime.ts';
import type { PullCredential } from './images/keyring.ts';
import { whileItTakes } from './images/pull-progress.ts';
import type { PullRecords } from './images/pull-records.ts';
import type { PullCredentials } from './images/pull-secrets.ts';
import { createPulls } from './images/pulls.ts';
import { aboutContainer } from './pod-record.ts';

export interface Images {
  /**
   * Resolves when the image is present. Throws RuntimeError ErrImagePull, ImagePullBackOff, ErrImageNeverPull,
   * InvalidImageName or ImageInspectError.
   */
  ensure(pod: Pod, container: Container): Promise<ImageStatus>;
  /** Milliseconds until a pull that waits is tried again. */
  retryIn(pod: Pod, container: Container): number;
  forget(podUid: string): void;
}

/** [host[:port]/]path[:tag][@digest], as github.com/distribution/reference; only the path must be lower case. */
const HOST = /^(?:[a-zA-Z0-9][a-zA-Z0-9.-]*|\[[0-9a-fA-F:]+\])(?::\d+)?$/;
const PART = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/;

export function isReference(image: string): boolean {
  const [rest = '', digest, ...more] = image.split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return false;
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  const name = colon < 0 ? rest : rest.slice(0, colon);
  if (colon >= 0 && !TAG.test(rest.slice(colon + 1))) return false;
  const [first = '', ...parts] = name.split('/');
  const isHost = parts.length > 0 && (/[.:A-Z]/.test(first) || first === 'localhost');
  return (isHost ? HOST.test(first) : PART.test(first)) && parts.every((part) => PART.test(part));
}

/** Upstream's default: Always for :latest and no tag, IfNotPresent otherwise. The API server has set it already. */
const policyOf = (container: Container): string =>
  container.imagePullPolicy ??
  (/:[^/]+$/.test(container.image ?? '') && !container.image?.endsWith(':latest') ? 'IfNotPresent' : 'Always');

export function createImages(options: {
  runtime: ImageRuntime;
  events: EventRecorder;
  clock: Clock;
  backOff: BackOffTimes;
  credentials: PullCredentials;
  records: PullRecords;
  /** How many images are pulled at a time. */
  parallelPulls: number;
}): Images {
  const { runtime, events, clock, records } = options;
  const backOff = createKeyedBackOff(clock, options.backOff);
  const failures = new Map<string, { at: number; message: string }>();
  const pulls = createPulls({ runtime, clock, parallel: options.parallelPulls });
  const keyOf = (pod: Pod, container: Container) => `${pod.metadata.uid}_${container.image}`;

  interface Pulled {
    ms: number;
    credential: PullCredential | undefined;
  }

  /** As upstream: what a registry denied to every credential is told once for each that said something else. */
  async function pullWith(image: string, credentials: readonly PullCredential[]): Promise<Pulled> {
    if (credentials.length === 0) return { ms: await pulls.pull(image, undefined), credential: undefined };
    const denials: Error[] = [];
    for (const credential of credentials) {
      try {
        return { ms: await pulls.pull(image, credential), credential };
      } catch (error) {
        denials.push(error as Error);
      }
    }
    const messages = [...new Set(denials.map(({ message }) => message))];
    const message = messages.length === 1 ? (messages[0] as string) : `[${messages.join(', ')}]`;
    throw new RuntimeError('ErrImagePull', message, denials.at(-1));
  }

  async function pull(pod: Pod, container: Container, image: string): Promise<ImageStatus> {
    const key = keyOf(pod, container);
    const about = aboutContainer(pod, container.name);
    const failed = failures.get(key);
    if (failed && backOff.left(key, failed.at) > 0) {
      const message = `Back-off pulling image "${image}"`;
      events.event(pod, 'Normal', 'BackOff', message, about);
      throw new RuntimeError('ImagePullBackOff', `${message}: ${failed.message}`);
    }
    events.event(pod, 'Normal', 'Pulling', `Pulling image "${image}"`, about);
    const began = clock.monotonic();
    const endProgress = whileItTakes(clock, (ms) => {
      const come = pulls.progress(image);
      const message = `Still pulling image "${image}" after ${formatMs(ms)}${come ? ` (${come})` : ''}`;
      events.event(pod, 'Normal', 'Pulling', message, about);
    });
    let pulled: Pulled;
    try {
      records.begun(image);
      pulled = await pullWith(image, await options.credentials(pod, image)).catch((error: unknown) => {
        records.failed(image);
        throw error;
      });
    } catch (cause) {
      const { message } = cause as Error;
      events.event(pod, 'Warning', 'Failed', `Failed to pull image "${image}": ${message}`, about);
      failures.set(key, { at: clock.now(), message: `ErrImagePull: ${message}` });
      backOff.next(key, clock.now());
      throw new RuntimeError('ErrImagePull', message, cause);
    } finally {
      endProgress();
    }
    failures.delete(key);
    backOff.forget(key);
    const status = await runtime.imageStatus(image);
    if (!status) {
      records.failed(image);
      throw new RuntimeError('ErrImagePull', `image "${image}" was pulled but is not there`);
    }
    records.pulled(image, status.id, pulled.credential);
    await records.prune(runtime.listImages).catch(() => undefined); // the next pull does it
    const took = formatMs(clock.monotonic() - began);
    const message = `Successfully pulled image "${image}" in ${formatMs(pulled.ms)} (${took} including waiting). Image size: ${status.size} bytes.`;
    events.event(pod, 'Normal', 'Pulled', message, about);
    return status;
  }

  return {
    async ensure(pod, container) {
      const image = container.image ?? '';
      const policy = policyOf(container);
      if (!isReference(image)) {
        const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
        events.event(pod, 'Warning', 'InspectFailed', message, aboutContainer(pod, container.name));
        throw new RuntimeError('InvalidImageName', message);
      }
      const present = await runtime.imageStatus(image).catch((cause: Error) => {
        throw new RuntimeError('ImageInspectError', `Failed to inspect image "${image}": ${cause.message}`, cause);
      });
      const credentials = () => options.credentials(pod, image);
      if (present && policy !== 'Always' && (await records.mayUse(image, present.id, credentials))) {
        const message = `Container image "${image}" already present on machine and can be accessed by the pod`;
        events.event(pod, 'Normal', 'Pulled', message, aboutContainer(pod, container.name));
        return present;
      }
      // In these words too when it is there, but not for this pod: that it is there is not told.
      if (policy === 'Never') {
        const message = `Container image "${image}" is not present with pull policy of Never`;
        events.event(pod, 'Warning', 'ErrImageNeverPull', message, aboutContainer(pod, container.name));
        throw new RuntimeError('ErrImageNeverPull', message);
      }
      return pull(pod, container, image);
    },
    retryIn(pod, container) {
      const key = keyOf(pod, container);
      const failed = failures.get(key);
      return failed ? backOff.left(key, failed.at) : 0;
    },
    forget(podUid) {
      backOff.forget(`${podUid}_`);
      for (const key of failures.keys()) if (key.startsWith(`${podUid}_`)) failures.delete(key);
    },
  };
}
