// Components are started in order and stopped in reverse; a failed start stops what was already running.

export interface Component {
  readonly name: string;
  start(): Promise<void>;
  /** Idempotent; resolves when nothing of the component runs any more. */
  stop(): Promise<void>;
}

/** Starts `components` one after another. On failure the started ones are stopped and the first error is thrown. */
export async function startAll(components: readonly Component[], onStarted?: (c: Component) => void): Promise<void> {
  const started: Component[] = [];
  for (const component of components) {
    try {
      await component.start();
    } catch (cause) {
      await stopAll(started).catch(() => undefined); // the start error is the one to report
      throw cause;
    }
    started.push(component);
    onStarted?.(component);
  }
}

/** Stops all in reverse order; every one is tried, then the first error is thrown. */
export async function stopAll(components: readonly Component[]): Promise<void> {
  const errors: unknown[] = [];
  for (const component of components.toReversed()) {
    await component.stop().catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw errors[0];
}
