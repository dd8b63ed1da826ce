// A few files that failed run once more, alone: a busy machine fails a test now and then, a defect fails it twice. What passes only
// then is told and counted as unsteady: it is to be mended, but no reason to distrust the change at hand.
import { add, type Outcome, type RunFilesOptions, runFiles, type Tally } from './files.ts';

/** More failed files than this are no accident, and none is tried again. */
const LIMIT = 3;

/** What counts in the end, and how many files passed at their second try only. */
export async function secondTries(
  first: Outcome,
  options: Omit<RunFilesOptions, 'concurrency'>,
): Promise<Tally & { unsteady: number }> {
  const { failedFiles, ...tally } = first;
  let unsteady = 0;
  if (failedFiles.size > LIMIT) return { ...tally, unsteady };
  for (const [file, counts] of failedFiles) {
    options.write(`${file} failed; once more, alone:`);
    const { failedFiles: again, ...second } = await runFiles([file], { ...options, concurrency: 1 });
    if (again.size > 0) continue;
    add(tally, counts, -1);
    add(tally, second);
    unsteady += 1;
  }
  return { ...tally, unsteady };
}
