// How far the making or reading of a snapshot is.
export type Step = 'copying' | 'leaving out history' | 'checking' | 'packing' | 'unpacking';

export interface SnapshotProgress {
  step: Step;
  /** 0 to 100; a step is told once for each. */
  percent: number;
}

export type OnProgress = (progress: SnapshotProgress) => void;

/** Turns counts into whole percents of a step, each told once. */
export function percents(step: Step, tell: OnProgress): (done: number, total: number) => void {
  let last = -1;
  return (done, total) => {
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
    if (percent <= last) return;
    last = percent;
    tell({ step, percent });
  };
}
