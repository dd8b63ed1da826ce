// A shell script in runc's place, for the two things that nerdctl cannot say: join an IPC namespace by path, and take
// a FIFO as stdin of a detached container. Both are annotations in the bundle;
// a value of a pod cannot be mistaken for one, as quotes inside JSON strings are escaped.
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ANNOTATION_IPC, LABEL_STDIN } from './labels.ts';

const SCRIPT = `#!/bin/sh
# Written by tsukube; runs runc. See the comments of runc-wrapper.ts.
bundle= previous=
for word; do
  if [ "$previous" = --bundle ]; then bundle=$word; fi
  previous=$word
done
[ -n "$bundle" ] || exec runc "$@"
sed -E -i 's|("${ANNOTATION_IPC}":"([^"]*)".*)\\{"type":"ipc"\\}|\\1{"type":"ipc","path":"\\2"}|' "$bundle/config.json"
stdin=$(sed -n -E 's|.*"${LABEL_STDIN}":"([^"]*)".*|\\1|p' "$bundle/config.json")
[ -p "$stdin" ] || exec runc "$@"
# The sleeper holds a writing end, so that the container sees no end of file between two attaches.
exec 3<>"$stdin"
sleep 2147483647 >"$stdin" 2>/dev/null </dev/null 3>&- &
echo $! >"$stdin.pid"
exec runc "$@" <"$stdin" 3>&-
`;

/** Writes the script into `directory` and returns its path; running containers keep using that path. */
export function writeRuncWrapper(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  const file = path.join(directory, 'runc');
  writeFileSync(`${file}.new`, SCRIPT);
  chmodSync(`${file}.new`, 0o755);
  renameSync(`${file}.new`, file);
  return file;
}
