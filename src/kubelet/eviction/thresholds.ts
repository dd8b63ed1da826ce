// When pods have to go: eviction signals and the thresholds of settings such as evictionHard `memory.available: 100Mi`
// (pkg/kubelet/eviction/api, helpers.go ParseThresholdConfig). Pure.
import { formatQuantity, parseQuantity, type Quantity, quantityOf } from '../../apimachinery/quantity.ts';

export type Signal =
  | 'memory.available'
  | 'allocatableMemory.available'
  | 'nodefs.available'
  | 'nodefs.inodesFree'
  | 'imagefs.available'
  | 'imagefs.inodesFree'
  | 'pid.available';

export type PressureCondition = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';
/** What is short, as messages and events name it. */
export type StarvedResource = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids';

/** In the order in which thresholds that are met are looked at; memory comes first. */
export const SIGNALS: Readonly<Record<Signal, { condition: PressureCondition; resource: StarvedResource }>> = {
  'memory.available': { condition: 'MemoryPressure', resource: 'memory' },
  'allocatableMemory.available': { condition: 'MemoryPressure', resource: 'memory' },
  'nodefs.available': { condition: 'DiskPressure', resource: 'ephemeral-storage' },
  'nodefs.inodesFree': { condition: 'DiskPressure', resource: 'inodes' },
  'imagefs.available': { condition: 'DiskPressure', resource: 'ephemeral-storage' },
  'imagefs.inodesFree': { condition: 'DiskPressure', resource: 'inodes' },
  'pid.available': { condition: 'PIDPressure', resource: 'pids' },
};

/** Upstream takes these too, and sets them from nodefs or imagefs: they say nothing of their own. */
const IMPLIED: readonly string[] = ['containerfs.available', 'containerfs.inodesFree'];

/** An amount, or a part (0 to 1) of the capacity. */
export type ThresholdValue = { quantity: Quantity } | { part: number };

export interface Threshold {
  signal: Signal;
  value: ThresholdValue;
  /** 0: hard, pods go at once. */
  graceMs: number;
  /** How much more than the threshold has to be free before it is no longer met. */
  minReclaim?: ThresholdValue;
}

export type Statements = Readonly<Record<string, string>>;

/** eviction/defaults_linux.go */
export const DEFAULT_EVICTION_HARD: Statements = {
  'memory.available': '100Mi',
  'nodefs.available': '10%',
  'nodefs.inodesFree': '5%',
  'imagefs.available': '15%',
  'imagefs.inodesFree': '5%',
};

export interface ThresholdSettings {
  hard: Statements;
  soft?: Statements;
  /** Milliseconds by signal; every soft threshold needs one. */
  softGraceMs?: Readonly<Record<string, number>>;
  minReclaim?: Statements;
}

/** Throws an Error that says which statement is wrong. */
export function thresholdsOf({ hard, soft = {}, softGraceMs = {}, minReclaim = {} }: ThresholdSettings): Threshold[] {
  const reclaim = new Map(
    Object.entries(minReclaim).map(([name, text]) => [signalOf(name), reclaimOf(name, text)] as const),
  );
  const build = (statements: Statements, graceOf: (name: string) => number) =>
    Object.entries(statements).flatMap(([name, text]): Threshold[] => {
      const signal = signalOf(name);
      const value = statedValue(name, text);
      if (!signal || !value) return [];
      const least = reclaim.get(signal);
      return [{ signal, value, graceMs: graceOf(name), ...(least ? { minReclaim: least } : {}) }];
    });
  for (const name of Object.keys(softGraceMs)) signalOf(name);
  const thresholds = [
    ...build(hard, () => 0),
    ...build(soft, (name) => {
      const grace = softGraceMs[name];
      if (grace === undefined) {
        throw new Error(`grace period must be specified for the soft eviction threshold ${name}`);
      }
      return grace;
    }),
  ];
  // What pods may have is short as soon as what the node has would be.
  const memory = thresholds.filter(({ signal, graceMs }) => signal === 'memory.available' && graceMs === 0);
  return [...thresholds, ...memory.map((one) => ({ ...one, signal: 'allocatableMemory.available' as const }))];
}

export const isHard = ({ graceMs }: Threshold): boolean => graceMs === 0;

/** The amount that the value means of a capacity. */
export const quantityOfValue = (value: ThresholdValue, capacity: number): Quantity =>
  'quantity' in value ? value.quantity : quantityOf(Math.trunc(capacity * value.part), 'BinarySI');

/** undefined: one of those that follow from others. */
function signalOf(name: string): Signal | undefined {
  if (IMPLIED.includes(name)) return undefined;
  if (!Object.hasOwn(SIGNALS, name)) throw new Error(`unsupported eviction signal ${name}`);
  return name as Signal;
}

/** undefined: 0% and 100% are no thresholds. */
function statedValue(name: string, text: string): ThresholdValue | undefined {
  if (text === '0%' || text === '100%') return undefined;
  const part = partOf(text);
  if (part !== undefined) {
    if (part < 0) throw new Error(`eviction percentage threshold ${name} must be >= 0%: ${text}`);
    if (part > 1) throw new Error(`eviction percentage threshold ${name} must be <= 100%: ${text}`);
    return { part };
  }
  const quantity = parseQuantity(text);
  if (quantity.nano <= 0n) throw new Error(`eviction threshold ${name} must be positive: ${formatQuantity(quantity)}`);
  return { quantity };
}

function reclaimOf(name: string, text: string): ThresholdValue {
  const part = partOf(text);
  if (part !== undefined) {
    if (part <= 0) throw new Error(`eviction percentage minimum reclaim ${name} must be positive: ${text}`);
    return { part };
  }
  const quantity = parseQuantity(text);
  if (quantity.nano < 0n) throw new Error(`negative eviction minimum reclaim specified for ${name}`);
  return { quantity };
}

function partOf(text: string): number | undefined {
  if (!text.endsWith('%')) return undefined;
  const percent = Number(text.slice(0, -1));
  if (Number.isNaN(percent)) throw new Error(`${text} is no percentage`);
  return percent / 100;
}
