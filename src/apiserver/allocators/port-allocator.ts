// Node ports: which are taken, and a free one (pkg/registry/core/service/portallocator). The lower part of the
// range is used last, so that ports that people choose are likely to be free.
export interface PortAllocator {
  readonly range: string;
  has(port: number): boolean;
  allocate(port: number): 'ok' | 'outside' | 'taken';
  /** undefined when all are taken. */
  allocateNext(): number | undefined;
  release(port: number): void;
}

/** `range` is "30000-32767". */
export function createPortAllocator(range: string, random: () => number): PortAllocator {
  const [first = 0, last = -1] = range.split('-').map(Number);
  const size = last - first + 1;
  const reserved = size < 32 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128);
  const taken = new Set<number>();
  const pick = (from: number, to: number): number | undefined => {
    const count = to - from + 1;
    const start = Math.floor(random() * count);
    for (let i = 0; i < count; i++) {
      const port = from + ((start + i) % count);
      if (!taken.has(port)) return port;
    }
    return undefined;
  };
  return {
    range,
    has: (port) => taken.has(port),
    allocate(port) {
      if (port < first || port > last) return 'outside';
      if (taken.has(port)) return 'taken';
      taken.add(port);
      return 'ok';
    },
    allocateNext() {
      const port = pick(first + reserved, last) ?? pick(first, first + reserved - 1);
      if (port !== undefined) taken.add(port);
      return port;
    },
    release: (port) => void taken.delete(port),
  };
}

/** Where the numbers begin that dry runs are given. */
const REHEARSED = 32_768;

/** For a dry run: takes none of `ports`, knows no range, and gives numbers that nobody else will see. */
export function rehearsing({ range, has }: PortAllocator): PortAllocator {
  const own = new Set<number>();
  return {
    range,
    has: (port) => has(port) || own.has(port),
    allocate(port) {
      if (has(port) || own.has(port)) return 'taken';
      own.add(port);
      return 'ok';
    },
    allocateNext() {
      const port = (own.size === 0 ? REHEARSED : Math.max(0, ...own)) + 1;
      own.add(port);
      return port;
    },
    release: (port) => void own.delete(port),
  };
}
