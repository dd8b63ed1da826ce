// A shell script in conmon's place, for what podman has no flag for: that a container's stdin stays open when who was attached goes,
// for the next one. The containers that want it have an annotation in their bundle.
import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** In the bundle of a container whose stdin outlives whoever is attached. */
const STDIN_STAYS = 'io.tsukube/stdin-stays';

export const stdinArgs = ({ stdin, stdinOnce }: { stdin: boolean; stdinOnce: boolean }): readonly string[] =>
  stdin && !stdinOnce ? ['--annotation', `${STDIN_STAYS}=true`] : [];

const CONMON = `#!/bin/sh
# Written by tsukube; runs conmon. See the comments of conmon-wrapper.ts.
bundle= previous= stays=
for word; do
  if [ "$previous" = -b ]; then bundle=$word; fi
  previous=$word
done
if [ -n "$bundle" ] && grep -q '"${STDIN_STAYS}":"true"' "$bundle/config.json"; then stays=--leave-stdin-open; fi
exec conmon $stays "$@"
`;

/** Writes the script into `directory` and returns its path. */
export function writeConmonWrapper(directory: string): string {
  const file = path.join(directory, 'conmon');
  writeFileSync(`${file}.new`, CONMON);
  chmodSync(`${file}.new`, 0o755);
  renameSync(`${file}.new`, file);
  return file;
}
